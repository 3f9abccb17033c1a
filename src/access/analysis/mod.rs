//! What follows from answers: what in a policy has no effect, why nobody passes, who comes in, what a change grants.

pub mod compare;
pub mod difference;
pub mod explain;
pub mod redundancy;
pub mod residue;
pub mod split;
pub mod who;
