//! Where paths lead, on a real file system with links.

use super::real_path;

#[test]
fn links_are_followed_and_what_cannot_be_known_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("in/deep")).unwrap();
    std::fs::write(root.join("in/file"), "").unwrap();
    std::fs::create_dir(root.join("out")).unwrap();
    std::os::unix::fs::symlink(root.join("out"), root.join("in/link")).unwrap();
    std::os::unix::fs::symlink(root.join("out/new"), root.join("in/dangling")).unwrap();
    let cases = [
        ("in", Some("in")),
        ("in/new", Some("in/new")),
        ("in/new/newer", Some("in/new/newer")),
        ("in/deep/../../out", Some("out")),
        ("in/link", Some("out")),
        ("in/link/new", Some("out/new")),
        ("in/link/..", Some("")),
        ("in/dangling", None),
        ("in/dangling/x", None),
        ("in/new/../../out", None),
        ("in/new/..", None),
        ("in/file/x", None),
    ];
    for (path, real) in cases {
        let real = real.map(|real| root.join(real).components().collect());
        assert_eq!(real_path(&root.join(path)), real, "{path}");
    }
}
