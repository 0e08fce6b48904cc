//! What is known of one instance.

use crate::claim::Instance;
use crate::engine::{Estimates, Plan, Ranges, Sight, ranges};
use std::sync::Arc;

/// An instance with everything that is known of the statistics requested for it.
#[derive(Clone)]
pub(crate) struct Findings {
    /// The instance.
    pub instance: Arc<Instance>,
    /// Expectations: exact, enclosed or sampled, whatever is the best for each.
    pub estimates: Estimates,
    /// Where path functionals and statistics can be at all.
    pub ranges: Ranges,
    /// What a sample of them must be large enough to detect.
    pub sight: Sight,
    /// Why the run is not defined, where a number left the range of its parameter on the way.
    pub undefined: Option<String>,
}

impl Findings {
    /// Before anything is run: where the run can go.
    #[must_use]
    pub(crate) fn reach(instance: &Arc<Instance>, plan: &Plan) -> Self {
        Findings {
            instance: Arc::clone(instance),
            estimates: Estimates::empty(plan, instance),
            ranges: ranges(instance, plan),
            sight: Sight::new(instance, plan),
            undefined: None,
        }
    }
}
