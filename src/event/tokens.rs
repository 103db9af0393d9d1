//! Token counts that add up: the four parts are disjoint, so a sum counts nothing twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens, in four disjoint parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Read by the model, without those that its cache had.
    pub input: u64,
    /// Read by the model from its cache.
    pub cached: u64,
    /// Written by the model, without its reasoning.
    pub output: u64,
    /// The model's reasoning.
    pub reasoning: u64,
}

impl Tokens {
    /// From counts as providers give them, where `input` contains `cached` and `output` contains
    /// `reasoning`.
    #[must_use]
    pub fn from_nested(input: u64, cached: u64, output: u64, reasoning: u64) -> Self {
        Self {
            input: input.saturating_sub(cached),
            cached,
            output: output.saturating_sub(reasoning),
            reasoning,
        }
    }

    /// Nothing counted yet.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::Add for Tokens {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            input: self.input.saturating_add(more.input),
            cached: self.cached.saturating_add(more.cached),
            output: self.output.saturating_add(more.output),
            reasoning: self.reasoning.saturating_add(more.reasoning),
        }
    }
}

impl std::ops::Sub for Tokens {
    type Output = Self;

    /// The part that came since `earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self {
            input: self.input.saturating_sub(earlier.input),
            cached: self.cached.saturating_sub(earlier.cached),
            output: self.output.saturating_sub(earlier.output),
            reasoning: self.reasoning.saturating_sub(earlier.reasoning),
        }
    }
}
