//! By which names the bridge is reached.

use super::*;

fn place(listen: &str, url: Option<&str>, hosts: &[&str]) -> Place {
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    Place::new(listen.parse().unwrap(), url, &hosts, true).unwrap()
}

#[test]
fn only_our_own_names_lead_here() {
    let local = place("127.0.0.1:8717", None, &[]);
    let six = place("[::1]:8717", None, &[]);
    let wide = place("0.0.0.0:8717", None, &["bridge.lan", "other.lan:80"]);
    let front = place("127.0.0.1:8717", Some("https://bridge.example.com"), &[]);
    let table = [
        (&local, "127.0.0.1:8717", true),
        (&local, "localhost:8717", true),
        (&local, "LOCALHOST:8717", true),
        (&local, "[::1]:8717", true),
        (&local, "127.0.0.2:8717", true),
        (&local, "localhost", false),
        (&local, "localhost:80", false),
        (&local, "127.0.0.1", false),
        (&local, "192.168.0.1:8717", false),
        (&local, "evil.example:8717", false),
        (&local, "localhost.evil.example:8717", false),
        (&local, "127.0.0.1.evil.example:8717", false),
        (&local, "user@localhost:8717", false),
        (&local, "localhost:8717/x", false),
        (&local, "", false),
        (&local, "0:8717", false),
        (&six, "[::1]:8717", true),
        (&six, "evil.example:8717", false),
        (&wide, "192.168.0.1:8717", true),
        (&wide, "192.168.0.1:80", false),
        (&wide, "bridge.lan", true),
        (&wide, "bridge.lan:443", true),
        (&wide, "other.lan:80", true),
        (&wide, "other.lan", true),
        (&wide, "other.lan:81", false),
        (&wide, "evil.example:8717", false),
        (&front, "bridge.example.com", true),
        (&front, "127.0.0.1:8717", true),
        (&front, "example.com", false),
    ];
    for (place, host, ours) in table {
        assert_eq!(place.is_host(host), ours, "{host:?} at {}", place.listen);
    }
}

#[test]
fn a_page_may_ask_the_host_that_it_is_of() {
    let local = place("127.0.0.1:8717", None, &["bridge.lan"]);
    let front = place("127.0.0.1:8717", Some("https://bridge.example.com"), &["bridge.lan"]);
    let wide = place("0.0.0.0:8717", None, &[]);
    let table = [
        (&local, "http://127.0.0.1:8717", "127.0.0.1:8717", true),
        (&local, "http://localhost:8717", "localhost:8717", true),
        (&local, "https://bridge.lan", "bridge.lan", true),
        (&local, "http://localhost:8717", "127.0.0.1:8717", false),
        (&local, "http://localhost:8718", "localhost:8717", false),
        (&local, "http://localhost:8717/x", "localhost:8717", false),
        (&local, "http://user@localhost:8717", "localhost:8717", false),
        (&local, "null", "localhost:8717", false),
        (&local, "", "localhost:8717", false),
        (&local, "file://localhost:8717", "localhost:8717", false),
        (&local, "chrome-extension://localhost:8717", "localhost:8717", false),
        (&front, "https://bridge.example.com", "bridge.example.com", true),
        (&front, "https://bridge.example.com", "127.0.0.1:8717", true),
        (&front, "https://bridge.example.com:9999", "bridge.example.com", false),
        (&front, "http://bridge.example.com", "bridge.example.com", false),
        (&front, "http://bridge.example.com:9999", "bridge.example.com", false),
        (&front, "http://127.0.0.1:8717", "127.0.0.1:8717", true),
        (&wide, "http://192.168.0.1:8717", "192.168.0.1:8717", true),
        (&wide, "http://6.6.6.6:8717", "192.168.0.1:8717", false),
    ];
    for (place, origin, host, may) in table {
        assert_eq!(place.is_origin(origin, host), may, "{origin} asks {host}");
    }
}

#[test]
fn a_name_without_a_port_is_at_port_80() {
    let local = place("127.0.0.1:80", None, &[]);
    for host in ["localhost", "localhost:80", "127.0.0.1", "127.0.0.1:80"] {
        assert!(local.is_host(host), "{host}");
    }
    assert!(!local.is_host("localhost:81"));
}

#[test]
fn tokens_go_in_the_clear_only_where_that_is_said() {
    let new = |listen: &str, url, insecure| Place::new(listen.parse().unwrap(), url, &[], insecure).is_ok();
    for local in ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1"] {
        assert!(new(local, None, false), "{local}");
    }
    for wide in ["0.0.0.0:1", "192.168.0.1:1", "[::]:1", "[2001:db8::1]:1"] {
        assert!(!new(wide, None, false), "{wide}");
        assert!(!new(wide, Some("http://bridge.example.com"), false), "{wide}");
        assert!(new(wide, Some("https://bridge.example.com"), false), "{wide}");
        assert!(new(wide, None, true), "{wide}");
    }
    let wrong = Place::new("127.0.0.1:1".parse().unwrap(), None, &["a b".into()], false);
    assert_eq!(wrong.unwrap_err(), PlaceError::Name("a b".into()));
}
