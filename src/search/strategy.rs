//! Ways to look for a worse instance, behind one interface.

use super::choices::Choices;
use super::family::{Candidate, Family};

/// A way to propose instances.
pub(crate) trait Strategy: Send {
    /// The next instance to try.
    fn propose(&mut self, family: &Family, choices: &mut Choices) -> Candidate;
    /// What became of a proposal: its score, where it is an instance at all, and whether it is near the file's own
    /// cells.
    fn learn(&mut self, candidate: &Candidate, score: Option<f64>, near: bool);
}

/// Fresh instances, always.
pub(crate) struct Random;

impl Strategy for Random {
    fn propose(&mut self, family: &Family, choices: &mut Choices) -> Candidate {
        family.draw(choices)
    }
    fn learn(&mut self, _candidate: &Candidate, _score: Option<f64>, _near: bool) {}
}

/// Local refinement: keeps what is at least as bad as what it stands on, and starts again where nothing nearby is.
pub(crate) struct Climb {
    at: Option<(Candidate, f64)>,
    /// Fresh instances seen since the last start.
    scouted: usize,
    /// Proposals since the last gain.
    idle: usize,
    /// Whether it stays near the file's own cells.
    stays_near: bool,
}

/// Proposals without a gain after which a climb starts again.
const PATIENCE: usize = 400;
/// Fresh instances among which a climb chooses where it starts.
const SCOUTS: usize = 24;

impl Climb {
    /// A climb that has not started.
    #[must_use]
    pub(crate) fn new() -> Self {
        Climb { at: None, scouted: 0, idle: 0, stays_near: false }
    }

    /// A climb among instances near the file's own cells.
    #[must_use]
    pub(crate) fn near() -> Self {
        Climb { stays_near: true, ..Climb::new() }
    }
}

impl Default for Climb {
    fn default() -> Self {
        Self::new()
    }
}

impl Strategy for Climb {
    fn propose(&mut self, family: &Family, choices: &mut Choices) -> Candidate {
        let mut next = match &self.at {
            Some((candidate, _)) if self.scouted >= SCOUTS => family.mutate(candidate, choices),
            _ => family.draw(choices),
        };
        if self.stays_near {
            family.bring_home(&mut next);
        }
        next
    }

    fn learn(&mut self, candidate: &Candidate, score: Option<f64>, near: bool) {
        self.idle += 1;
        // Instances outside a range from the command line still guide the climb towards it.
        if let Some(score) = score.filter(|score| near || !self.stays_near || *score < 0.0) {
            self.scouted += 1;
            let best = self.at.as_ref().map_or(f64::NEG_INFINITY, |(_, s)| *s);
            if score > best {
                self.idle = 0;
            }
            if score >= best {
                self.at = Some((candidate.clone(), score));
            }
        }
        if self.idle > PATIENCE {
            *self = Climb { stays_near: self.stays_near, ..Climb::new() };
        }
    }
}

/// A population: children of two of its members, or neighbours of one; the worst member leaves.
pub(crate) struct Evolution {
    members: Vec<(Candidate, f64)>,
}

/// Members of a population.
const MEMBERS: usize = 32;

impl Evolution {
    /// An empty population.
    #[must_use]
    pub(crate) fn new() -> Self {
        Evolution { members: Vec::new() }
    }

    /// The better of two members taken at random.
    fn parent(&self, choices: &mut Choices) -> &Candidate {
        let (a, b) = (choices.pick(&self.members), choices.pick(&self.members));
        if a.1 >= b.1 { &a.0 } else { &b.0 }
    }
}

impl Default for Evolution {
    fn default() -> Self {
        Self::new()
    }
}

impl Strategy for Evolution {
    fn propose(&mut self, family: &Family, choices: &mut Choices) -> Candidate {
        if self.members.len() < MEMBERS || choices.one_in(16) {
            return family.draw(choices);
        }
        let first = self.parent(choices).clone();
        if choices.one_in(3) {
            let second = self.parent(choices).clone();
            family.cross(&first, &second, choices)
        } else {
            family.mutate(&first, choices)
        }
    }

    fn learn(&mut self, candidate: &Candidate, score: Option<f64>, _near: bool) {
        let Some(score) = score else { return };
        if self.members.iter().any(|(c, _)| c == candidate) {
            return;
        }
        let place = self.members.partition_point(|(_, s)| *s >= score);
        self.members.insert(place, (candidate.clone(), score));
        self.members.truncate(MEMBERS);
    }
}
