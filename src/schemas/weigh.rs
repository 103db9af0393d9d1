//! How much work a schema makes, before any of it is done: of itself, and with a value. Each pair of a schema
//! and a value is looked at once, however often it comes up, and nothing here calls itself.

use std::collections::HashMap;

use serde_json::Value;

use super::graph::{Graph, Id};

/// How much is too much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Schemas that values are held against.
    pub steps: u64,
    /// Of them inside one another.
    pub depth: u32,
}

/// What is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heavy {
    /// It comes back to where it was with nothing done.
    Ring,
    /// It has too many steps.
    Steps,
    /// It goes too deep.
    Depth,
}

/// The name of a member, for what is asked of names.
static NAME: Value = Value::Null;

/// A schema, and the value that it is held against, if that is known.
type Pair<'v> = (Id, Option<&'v Value>);

/// By where the value lies in memory.
type Key = (Id, Option<*const Value>);

#[derive(Clone, Copy)]
enum Seen {
    /// It is looked into now.
    Open,
    /// It has been.
    Done(Weight),
}

#[derive(Clone, Copy, Default)]
struct Weight {
    /// To find whether the value fits.
    steps: u64,
    /// To find what of it is evaluated: at each level it is first asked whether it fits.
    marks: u64,
    depth: u32,
}

struct Frame<'v> {
    key: Key,
    weight: Weight,
    unevaluated: bool,
    /// What is looked into now gets the value itself.
    in_place: bool,
    /// What is still to be looked at, and whether it gets the value itself.
    left: Vec<(Pair<'v>, bool)>,
}

/// The steps of each of `roots`, where none is too much.
pub(super) fn weigh<'v>(
    graph: &Graph,
    roots: impl IntoIterator<Item = Pair<'v>>,
    bounds: Bounds,
) -> Result<u64, Heavy> {
    let mut seen = HashMap::new();
    let mut most = 0;
    for root in roots {
        most = most.max(one(graph, root, bounds, &mut seen)?);
    }
    Ok(most)
}

fn one<'v>(
    graph: &Graph,
    root: Pair<'v>,
    bounds: Bounds,
    seen: &mut HashMap<Key, Seen>,
) -> Result<u64, Heavy> {
    if let Some(Seen::Done(weight)) = seen.get(&key(root)) {
        return Ok(weight.steps);
    }
    let mut stack = vec![frame(graph, root, bounds)?];
    seen.insert(key(root), Seen::Open);
    let mut of_root = 0;
    while let Some(top) = stack.last_mut() {
        if let Some((pair, in_place)) = top.left.pop() {
            match seen.get(&key(pair)) {
                Some(Seen::Open) => return Err(Heavy::Ring),
                Some(Seen::Done(weight)) => top.add(*weight, in_place, bounds)?,
                None => {
                    let inner = frame(graph, pair, bounds)?;
                    top.in_place = in_place;
                    seen.insert(inner.key, Seen::Open);
                    if stack.len() >= usize::try_from(bounds.depth).unwrap_or(usize::MAX) {
                        return Err(Heavy::Depth);
                    }
                    stack.push(inner);
                }
            }
            continue;
        }
        let (key, weight) = (top.key, top.whole());
        seen.insert(key, Seen::Done(weight));
        stack.pop();
        match stack.last_mut() {
            Some(outer) => outer.add(weight, outer.in_place, bounds)?,
            None if weight.steps > bounds.steps => return Err(Heavy::Steps),
            None => of_root = weight.steps,
        }
    }
    Ok(of_root)
}

impl Frame<'_> {
    fn add(&mut self, inner: Weight, in_place: bool, bounds: Bounds) -> Result<(), Heavy> {
        let Weight { steps, marks, depth } = &mut self.weight;
        *steps = steps.saturating_add(inner.steps);
        *marks = marks.saturating_add(inner.steps).saturating_add(if in_place { inner.marks } else { 0 });
        *depth = (*depth).max(inner.depth.saturating_add(1));
        match () {
            () if *steps > bounds.steps => Err(Heavy::Steps),
            () if *depth > bounds.depth => Err(Heavy::Depth),
            () => Ok(()),
        }
    }

    fn whole(&self) -> Weight {
        let Weight { steps, marks, depth } = self.weight;
        Weight { steps: if self.unevaluated { steps.saturating_add(marks) } else { steps }, marks, depth }
    }
}

fn key((id, value): Pair<'_>) -> Key {
    (id, value.map(std::ptr::from_ref))
}

fn frame<'v>(graph: &Graph, pair: Pair<'v>, bounds: Bounds) -> Result<Frame<'v>, Heavy> {
    let (id, value) = pair;
    let mut left = Vec::new();
    let (mut own, mut unevaluated) = (1, false);
    if let Some(subs) = graph.subs(id) {
        own = u64::try_from(subs.own).unwrap_or(u64::MAX);
        unevaluated = subs.unevaluated;
        left.extend(subs.in_place.iter().map(|id| ((*id, value), true)));
        // Not even named, where that alone is too much.
        let count = match value {
            Some(Value::Object(members)) => members.len() * (1 + subs.members.len() + subs.names.len()),
            Some(Value::Array(items)) => items.len() * (1 + subs.items.len()),
            _ => 0,
        };
        if u64::try_from(count).is_ok_and(|count| count > bounds.steps) || own > bounds.steps {
            return Err(Heavy::Steps);
        }
        match value {
            Some(Value::Object(members)) => {
                for (name, member) in members {
                    left.extend(subs.properties.get(name).map(|id| ((*id, Some(member)), false)));
                    left.extend(subs.members.iter().map(|id| ((*id, Some(member)), false)));
                    left.extend(subs.names.iter().map(|id| ((*id, Some(&NAME)), false)));
                }
            }
            Some(Value::Array(items)) => {
                for (place, item) in items.iter().enumerate() {
                    left.extend(subs.places.get(place).map(|id| ((*id, Some(item)), false)));
                    left.extend(subs.items.iter().map(|id| ((*id, Some(item)), false)));
                }
            }
            _ => {}
        }
    }
    let weight = Weight { steps: own, marks: own, depth: 1 };
    Ok(Frame { key: key(pair), weight, unevaluated, in_place: true, left })
}
