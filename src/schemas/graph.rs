//! A schema as a graph: which schemas a value of one is held against next. The references are followed by the
//! library that the validator follows them with, so that both see the same.

use std::collections::{BTreeMap, HashMap};

use referencing::{Draft, Registry, Resolver, ResourceRef, uri};
use serde_json::{Map, Value};

/// Where a schema without `$id` stands.
const BASE: &str = "json-schema:///";

/// Steps that a pattern counts for: it may go back and forth in a text.
const PATTERN: usize = 20;

/// A place in the graph.
pub(super) type Id = u32;

/// What one schema hands a value on to.
#[derive(Debug, Default)]
pub(super) struct Subs {
    /// The same value.
    pub in_place: Vec<Id>,
    /// What is not yet evaluated is found out by evaluating that again.
    pub unevaluated: bool,
    /// Its members, by name.
    pub properties: BTreeMap<String, Id>,
    /// All its members, perhaps.
    pub members: Vec<Id>,
    /// The names of all its members.
    pub names: Vec<Id>,
    /// Its items, by place.
    pub places: Vec<Id>,
    /// All its items.
    pub items: Vec<Id>,
    /// What the schema takes by itself, in steps.
    pub own: usize,
}

/// All schemas that a value can come to; the first is the whole.
#[derive(Debug, Default)]
pub(super) struct Graph(Vec<Subs>);

impl Graph {
    pub fn of(schema: &Value) -> Result<Self, referencing::Error> {
        let registry = Registry::new().add(BASE, schema)?.prepare()?;
        let draft = Draft::default().detect(schema);
        let resolver = registry.resolver(uri::from_str(BASE)?);
        let mut open = Open { ids: HashMap::new(), found: Vec::new(), anchored: Vec::new() };
        open.anchors(schema, &resolver, draft);
        open.id(schema, &resolver, draft);
        let mut graph = Self::default();
        while let Some((schema, resolver, draft)) = open.found.get(graph.0.len()).cloned() {
            graph.0.push(open.subs(schema, &resolver, draft));
        }
        Ok(graph)
    }

    pub fn subs(&self, id: Id) -> Option<&Subs> {
        self.0.get(usize::try_from(id).unwrap_or(usize::MAX))
    }

    pub fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        0..Id::try_from(self.0.len()).unwrap_or(Id::MAX)
    }
}

type Found<'s> = (&'s Value, Resolver<'s>, Draft);

/// A graph that is being made.
struct Open<'s> {
    /// By where the schema lies in memory.
    ids: HashMap<*const Value, Id>,
    found: Vec<Found<'s>>,
    /// Where a reference may lead that is made out only while a value is checked.
    anchored: Vec<Found<'s>>,
}

impl<'s> Open<'s> {
    fn id(&mut self, schema: &'s Value, around: &Resolver<'s>, draft: Draft) -> Id {
        let next = Id::try_from(self.found.len()).unwrap_or(Id::MAX);
        let id = *self.ids.entry(std::ptr::from_ref(schema)).or_insert(next);
        if id == next {
            let draft = draft.detect(schema);
            let inside = around.in_subresource(ResourceRef::new(schema, draft));
            // One whose `$id` is no address does not compile.
            self.found.push((schema, inside.unwrap_or_else(|_| around.clone()), draft));
        }
        id
    }

    /// Finds the schemas with such an anchor, whatever they lie in.
    fn anchors(&mut self, value: &'s Value, around: &Resolver<'s>, draft: Draft) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.anchors(value, around, draft)),
            Value::Object(members) => {
                let draft = draft.detect(value);
                let inside = around.in_subresource(ResourceRef::new(value, draft));
                let inside = inside.unwrap_or_else(|_| around.clone());
                if ["$dynamicAnchor", "$recursiveAnchor"].iter().any(|key| members.contains_key(*key)) {
                    self.anchored.push((value, inside.clone(), draft));
                }
                members.values().for_each(|value| self.anchors(value, &inside, draft));
            }
            _ => {}
        }
    }

    fn subs(&mut self, schema: &'s Value, resolver: &Resolver<'s>, draft: Draft) -> Subs {
        let Value::Object(keys) = schema else { return Subs { own: 1, ..Subs::default() } };
        let unevaluated =
            ["unevaluatedProperties", "unevaluatedItems"].iter().any(|key| keys.contains_key(*key));
        let mut subs = Subs { own: own(keys), unevaluated, ..Subs::default() };
        for (key, value) in keys {
            let mut each = |values: Vec<&'s Value>| -> Vec<Id> {
                values.into_iter().map(|value| self.id(value, resolver, draft)).collect()
            };
            match key.as_str() {
                "$ref" => subs.in_place.extend(self.referred(value, resolver)),
                "$dynamicRef" | "$recursiveRef" => {
                    subs.in_place.extend(self.referred(value, resolver));
                    for (schema, resolver, draft) in self.anchored.clone() {
                        subs.in_place.push(self.id(schema, &resolver, draft));
                    }
                }
                "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                    subs.in_place.extend(each(one_or_more(value)));
                }
                // The lists of names that `dependencies` also takes are no schemas.
                "dependentSchemas" | "dependencies" => {
                    subs.in_place.extend(each(inner(value).filter(|value| !value.is_array()).collect()));
                }
                "properties" => {
                    let ids = each(inner(value).collect());
                    let names = value.as_object().into_iter().flat_map(Map::keys).cloned();
                    subs.properties.extend(names.zip(ids));
                }
                "patternProperties" => subs.members.extend(each(inner(value).collect())),
                "additionalProperties" | "unevaluatedProperties" => subs.members.extend(each(vec![value])),
                "propertyNames" => subs.names.extend(each(vec![value])),
                "prefixItems" => subs.places.extend(each(one_or_more(value))),
                "items" if value.is_array() => subs.places.extend(each(one_or_more(value))),
                "items" | "additionalItems" | "unevaluatedItems" | "contains" => {
                    subs.items.extend(each(vec![value]));
                }
                _ => {}
            }
        }
        subs
    }

    /// Where a reference leads; nowhere, where it will not compile.
    fn referred(&mut self, reference: &Value, resolver: &Resolver<'s>) -> Option<Id> {
        let (schema, resolver, draft) = resolver.lookup(reference.as_str()?).ok()?.into_inner();
        Some(self.id(schema, &resolver, draft))
    }
}

fn one_or_more(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn inner(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(Map::values)
}

/// What is compared with a value besides.
fn own(keys: &Map<String, Value>) -> usize {
    let listed = ["enum", "required"].iter().filter_map(|key| keys.get(*key)?.as_array());
    let patterns = keys.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
    let patterns = patterns + usize::from(keys.contains_key("pattern"));
    1 + listed.map(Vec::len).sum::<usize>() + PATTERN * patterns
}
