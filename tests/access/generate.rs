//! Random trust policies and random requests, for suites that hold two answers to one question against each other.
//!
//! Nothing here is shared with the code under test but the types of a request. Policies are spliced from statements as
//! people write them. Requests are such as can come about: STS never sees a token of GitHub with a claim of GitLab.

mod hints;
mod policies;
mod requests;

pub use policies::policy_json;
pub use requests::request;

/// The account that every generated role and provider lives in.
pub const OWN_ACCOUNT: &str = "111122223333";

/// A small generator of random numbers (xorshift64*). Equal seeds give equal runs: print the seed when a test fails.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator; any seed will do.
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that xorshift never leaves; seeds in a row are spread out.
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1) | 1)
    }

    /// The seed that `ACCESS_SEED` gives, or else the clock; printed, so that a failure can be run again.
    #[allow(clippy::print_stdout, reason = "the seed of a failure must be seen")]
    pub fn from_env() -> Self {
        let seed = std::env::var("ACCESS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |time| time.as_nanos() as u64 & 0xffff_ffff)
        });
        println!("ACCESS_SEED={seed}");
        Rng::new(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 up to, but without, `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.bits() >> 33) as usize).checked_rem(end).unwrap_or(0)
    }

    /// True in this many cases of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}
