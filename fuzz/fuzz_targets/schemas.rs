//! JSON Schemas that others bring: one that is taken can be used without harm, however it refers to itself and whatever it is
//! held against, and says of a value the same each time.
//!
//! An input is a schema and a value as JSON, one behind the other. That nothing takes long is the limit of libFuzzer's
//! `-timeout`.

#![no_main]

use codex_bridge::schemas::{Schema, Unusable};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Deserializer, Value};

/// Faults that a caller wants to hear of.
const MOST: usize = 5;

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut all = Deserializer::from_slice(data).into_iter::<Value>().map_while(Result::ok);
    let Some(given) = all.next() else { return Corpus::Reject };
    let value = all.next().unwrap_or_default();
    let schema = match Schema::new(&given) {
        Ok(schema) => schema,
        Err(why) => {
            let again = Schema::new(&given).expect_err("what was refused once is refused again");
            // Of several faults the library names any.
            assert!(
                again == why || matches!((&again, &why), (Unusable::Invalid(_), Unusable::Invalid(_))),
                "{again}"
            );
            assert!(!why.to_string().is_empty());
            if let Unusable::Long(bytes) = why {
                assert_eq!(bytes, given.to_string().len());
            }
            return Corpus::Keep;
        }
    };
    // The schema itself is a value too, and a deep one.
    for value in [&value, &given] {
        let faults = schema.faults(value, MOST);
        assert_eq!(faults, schema.faults(value, MOST));
        if let Ok(faults) = faults {
            assert!(faults.len() <= MOST && faults.iter().all(|fault| !fault.is_empty()));
            let all = schema.faults(value, usize::MAX).expect("it took not too much before");
            assert!(all.starts_with(&faults) && all.is_empty() == faults.is_empty());
        }
    }
    Corpus::Keep
});
