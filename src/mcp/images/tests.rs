//! What is taken for an image, and what is refused with its reason.

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

#[test]
fn files_and_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("inside")).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(root.join(name), bytes).unwrap();
    write("inside/a.png", PNG);
    write("inside/b.webp", b"RIFF....WEBPVP8 ");
    write("inside/c.txt", b"no image");
    write("inside/empty.png", b"");
    write("outside.png", PNG);
    File::create(root.join("inside/huge.png")).unwrap().set_len(BYTES + 1).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.join("outside.png"), root.join("inside/link.png")).unwrap();
    let cwd = root.join("inside");
    let none = Limits::default();
    let limited = Limits { roots: vec![cwd.clone()], ..Limits::default() };
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    for (given, limits, words) in [
        ("a.png".to_owned(), &limited, None),
        ("./b.webp".to_owned(), &limited, None),
        (path("outside.png"), &none, None),
        ("data:image/png;base64,aGk=".to_owned(), &limited, None),
        (path("outside.png"), &limited, Some("limits.roots")),
        ("../outside.png".to_owned(), &limited, Some("limits.roots")),
        // Whether it is there is not told.
        (path("missing.png"), &limited, Some("limits.roots")),
        ("../no/missing.png".to_owned(), &limited, Some("limits.roots")),
        ("missing.png".to_owned(), &limited, Some("No such file")),
        ("no/missing.png".to_owned(), &limited, Some("No such file")),
        #[cfg(unix)]
        ("link.png".to_owned(), &limited, Some("limits.roots")),
        ("missing.png".to_owned(), &none, Some("missing.png")),
        ("c.txt".to_owned(), &none, Some("no image")),
        ("empty.png".to_owned(), &none, Some("no image")),
        ("huge.png".to_owned(), &none, Some("too large")),
        (".".to_owned(), &none, Some("no file")),
        ("https://example.org/a.png".to_owned(), &none, Some("save the image")),
        ("data:text/plain;base64,aGk=".to_owned(), &none, Some("data:image")),
        ("data:image/png;base64,".to_owned(), &none, Some("data:image")),
        ("data:image/png;base64,a b".to_owned(), &none, Some("data:image")),
        (format!("data:image/png;base64,{}", "A".repeat(ADDRESS)), &none, Some("at most")),
    ] {
        let name = short(&given);
        match (look(&[given], &cwd, limits), words) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                let message = error.to_string();
                assert!(message.contains(words) && message.len() < 600, "{name}: {message}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
    assert!(matches!(look(&vec!["a.png".to_owned(); MOST + 1], &cwd, &none), Err(BadImage::TooMany(17))));
    // Each is short enough, and they are too long for one message.
    let addresses = |of: usize| vec![format!("data:image/png;base64,{}", "A".repeat(of)); 2];
    let error = look(&addresses(ADDRESSES / 2), &cwd, &none).unwrap_err();
    assert!(error.to_string().contains(&format!("at most {ADDRESSES} together")), "{error}");
    assert_eq!(look(&addresses(ADDRESSES / 2 - 22), &cwd, &none).unwrap().len(), 2);
}
