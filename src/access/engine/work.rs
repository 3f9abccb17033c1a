//! How much finding atoms may cost.

/// A count of work, shared by all dimensions of one model. A unit is about one step of the processor on one word; a piece
/// of memory costs at least as many units as it has words, so the bound holds for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    left: usize,
}

/// There is more to do than may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Work {
    /// What one model may cost: a few milliseconds, whatever a policy says.
    pub const MODEL: usize = 1_200_000;

    /// A count of so many units.
    pub fn new(units: usize) -> Work {
        Work { left: units }
    }

    /// Pay for a piece of work, before it is done.
    pub fn spend(&mut self, units: usize) -> Result<(), Overflow> {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Overflow),
        }
    }

    /// What is left.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl Default for Work {
    fn default() -> Self {
        Work::new(Work::MODEL)
    }
}

#[cfg(test)]
mod tests;
