//! The blocks of a problem's coordinates, as an algorithm may ask for them.

use super::cell::InstanceError;
use super::file::{Experiment, Setting};
use crate::model::{DynProblem, Scaling};
use std::ops::Range;

/// The problem's blocks.
///
/// # Errors
/// Blocks that are not consecutive ranges from 0 to d; a file that says twice what is scaled as one.
pub(super) fn blocks(experiment: &Experiment, problem: &dyn DynProblem) -> Result<Vec<Range<usize>>, InstanceError> {
    let (blocks, d) = (problem.blocks(), problem.dimension());
    let mut end = 0;
    let follows = |block: &Range<usize>| std::mem::replace(&mut end, block.end) == block.start && !block.is_empty();
    if !blocks.iter().all(follows) || end != d {
        let message = format!(
            "problem '{}' has the blocks {blocks:?}, which are no consecutive ranges from 0 to its dimension {d}",
            experiment.problem.name
        );
        return Err(InstanceError::new(&experiment.problem.span, message));
    }
    let mut settings = experiment.algorithm.settings.iter();
    let layered = settings
        .find(|(param, setting, _)| param.name == "per" && matches!(setting, Setting::Text(word) if word == "layer"));
    if let (Some((_, _, span)), Scaling::Blocks(_)) = (layered, &experiment.semantics.scaling) {
        let message = "'per' is \"layer\", and `scaling` of [semantics] lists other blocks: only one of the two can say what \
                       is scaled as one; remove `scaling`, or write `per = \"vector\"`";
        return Err(InstanceError::new(span, message));
    }
    Ok(blocks)
}
