//! The files that an experiment rests on beside its own text.

use super::build::Builder;
use super::cell::{Cell, InstanceError};
use super::file::{Experiment, Setting};
use super::resolve::{DATA_FILE, DATA_FOLDER};
use crate::model::{DynProblem, Registry};

impl Experiment {
    /// Whether its problem may read data files, or has some that are part of the program.
    #[must_use]
    pub(crate) fn names_data(&self) -> bool {
        let mut settings = self.problem.settings.iter();
        settings
            .any(|(p, setting, _)| [DATA_FILE, DATA_FOLDER].contains(&p.name) && matches!(setting, Setting::Text(_)))
    }

    /// Its problem at one cell, with nothing solved for or run.
    ///
    /// # Errors
    /// A parameter that the problem refuses, or a file that is missing or damaged, with the place in the file.
    pub(crate) fn problem_at(&self, registry: &Registry, cell: &Cell) -> Result<Box<dyn DynProblem>, InstanceError> {
        Builder::new(registry, self, cell).problem()
    }
}
