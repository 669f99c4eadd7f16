use proptest::prelude::*;

use super::*;

#[test]
fn names_are_reckoned_from_the_directory_they_are_in() {
    let cases = [
        (Some("/"), "a", Some("/a")),
        (Some("/proj"), "my docs", Some("/proj/my docs")),
        (Some("/proj/my docs"), "../y.txt", Some("/proj/y.txt")),
        (Some("/a/b"), "../../../../c", Some("/c")),
        (Some("/a"), "..", Some("/")),
        (Some("/a"), ".", Some("/a")),
        (Some("/a"), "./inner/", Some("/a/inner")),
        (Some("/a"), "/b//c/./d", Some("/b/c/d")),
        (Some("/a/"), "b ", Some("/a/b ")),
        (Some("/a"), "...", Some("/a/...")),
        (Some("/a"), "x\\y", Some("/a/x\\y")),
        (None, "/b/../c", Some("/c")),
        (None, "b", None),
        (None, "..", None),
        (Some("/a"), "~", None),
        (Some("/a"), "~/b", None),
        (Some("/a"), "~b", Some("/a/~b")),
        (Some("/a"), "", None),
        // Drives keep their notation.
        (Some(r"C:\web"), "img", Some(r"C:\web\img")),
        (Some(r"C:\web"), r"..\other/x", Some(r"C:\other\x")),
        (Some(r"C:\web"), r"\top", Some(r"C:\top")),
        (Some(r"C:\web"), "..", Some(r"C:\")),
        (Some("/a"), r"D:\b", Some(r"D:\b")),
        (Some("C:/web"), "img", Some("C:/web/img")),
        (Some("/C:/web"), "img", Some("/C:/web/img")),
        // Of other notations nothing is known.
        (Some("DISK$USER:[BOB]"), "A.TXT", None),
        (Some("'HLQ.DATA.'"), "X", None),
    ];
    for (directory, name, expected) in cases {
        assert_eq!(join(directory, name).as_deref(), expected, "{name:?} in {directory:?}");
    }
}

#[test]
fn a_257_quotes_its_path_and_doubles_quotes_in_it() {
    let cases = [
        (r#""/" is the current directory."#, Some("/")),
        (r#""/a ""b"" c" is the current directory"#, Some(r#"/a "b" c"#)),
        (r#""/日本語/in ""it""" is the current directory."#, Some(r#"/日本語/in "it""#)),
        (r#""""""#, Some("\"")),
        (r#""""#, Some("")),
        (r#"Current directory is "/x""#, Some("/x")),
        (r#""/x" is the home of "bob""#, Some("/x")),
        (r#""/x". Next line."#, Some("/x")),
        // Not doubled.
        (r#""/we"ird dir" is your current location"#, Some(r#"/we"ird dir"#)),
        (r#""/a"b" is the current directory"#, Some(r#"/a"b"#)),
        ("\"/a\"b\nmore \"c\"", Some("/a")),
        ("/ is the current directory", None),
        (r#""/unfinished"#, None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(quoted_path(text).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn a_session_stands_where_its_commands_led_it() {
    let mut directory = WorkingDirectory::default();
    directory.enter(Some("unknown"));
    assert_eq!(directory.resolve(Some("x.bin")), None);
    assert_eq!(directory.resolve(Some("/x.bin")).as_deref(), Some("/x.bin"));
    directory.reported(r#""/" is the current directory"#);
    directory.enter(Some("proj"));
    directory.enter(Some("my docs"));
    assert_eq!(directory.resolve(Some("x.bin")).as_deref(), Some("/proj/my docs/x.bin"));
    directory.leave();
    assert_eq!(directory.resolve(None).as_deref(), Some("/proj"));
    directory.reported("no path here");
    assert_eq!(directory.path(), Some("/proj"));
    directory.enter(Some("../top"));
    assert_eq!(directory.path(), Some("/top"));
    directory.enter(Some("~"));
    assert_eq!(directory.path(), None);
    directory.enter(Some("/known/again/"));
    assert_eq!(directory.path(), Some("/known/again"));
    directory.forget();
    directory.leave();
    assert_eq!(directory.resolve(None), None);
}

#[test]
fn without_pwd_names_are_reckoned_from_where_the_login_ended() {
    let mut directory = WorkingDirectory::default();
    assert_eq!(directory.resolve_from_login(Some("f")), None);
    directory.logged_in();
    let cases = [
        (None, Some(".")),
        (Some("f"), Some("f")),
        (Some("./a//b/../f"), Some("a/f")),
        (Some(".."), Some("..")),
        (Some("../../x"), Some("../../x")),
        (Some(""), None),
        (Some("~"), None),
        (Some("~/f"), None),
        (Some("/f"), None),
        (Some(r"\f"), None),
        (Some(r"C:\f"), None),
    ];
    for (name, expected) in cases {
        assert_eq!(directory.resolve_from_login(name).as_deref(), expected, "{name:?}");
    }
    directory.enter(Some("docs/new"));
    directory.leave();
    assert_eq!(directory.resolve_from_login(Some("f")).as_deref(), Some("docs/f"));
    assert_eq!(directory.resolve(Some("f")), None);
    directory.enter(Some("/pub"));
    assert_eq!(directory.resolve_from_login(Some("f")), None);
    assert_eq!(directory.resolve(Some("f")).as_deref(), Some("/pub/f"));
    directory.logged_in();
    assert_eq!(directory.resolve(Some("f")), None);
    directory.enter(Some("~"));
    assert_eq!(directory, WorkingDirectory::Unknown);
}

#[test]
fn a_path_in_a_foreign_notation_is_kept_but_not_reckoned_with() {
    let mut directory = WorkingDirectory::default();
    directory.reported(r#""'HLQ.DATA.'" is the working directory name prefix."#);
    assert_eq!(directory.path(), Some("'HLQ.DATA.'"));
    assert_eq!(directory.resolve(Some("X")), None);
}

#[test]
fn a_server_names_the_file_of_stou() {
    let cases = [
        ("FILE: pub/xx.001", Some("pub/xx.001")),
        ("FILE: STOU.1", Some("STOU.1")),
        ("FILE: all data.txt.q9tg2_t1", Some("all data.txt.q9tg2_t1")),
        ("file:x", Some("x")),
        ("Opening\nFILE: x.2\nGo", Some("x.2")),
        ("Transfer complete (unique file name: x (1).dat).", Some("x (1).dat")),
        ("Transfer complete (unique file name:x.3)", Some("x.3")),
        ("Transfer complete.", None),
        ("FILE: ", None),
    ];
    for (text, expected) in cases {
        assert_eq!(stou_name(text), expected, "{text:?}");
    }
}

#[test]
fn options_of_a_listing_are_no_path() {
    let cases = [
        (None, None),
        (Some("-la"), None),
        (Some("-la pub"), Some("pub")),
        (Some("-a  -l  my docs"), Some("my docs")),
        (Some("my docs"), Some("my docs")),
        (Some(" "), None),
    ];
    for (argument, expected) in cases {
        assert_eq!(listing_path(argument), expected, "{argument:?}");
    }
}

#[test]
fn a_path_that_is_too_long_for_any_system_is_unknown_however_it_came_about() {
    let name = "x".repeat(1000);
    for start in ["\"/\"", r#""C:\""#, "\"C:/\""] {
        let mut directory = WorkingDirectory::default();
        directory.reported(start);
        let steps = (0..100).take_while(|_| {
            directory.enter(Some(&name));
            directory.path().is_some_and(|path| path.len() <= LONGEST)
        });
        assert_eq!(steps.count(), LONGEST / 1001, "{start}");
        assert_eq!(directory, WorkingDirectory::Unknown);
    }
    let mut directory = WorkingDirectory::default();
    directory.reported(&format!("\"/{}\"", "x".repeat(LONGEST)));
    assert_eq!(directory, WorkingDirectory::Unknown);
}

proptest! {
    #[test]
    fn a_joined_path_is_absolute_and_normal(directory in "(/[a-c.]{0,3}){1,4}", name in "[a-c./ ~]{0,12}") {
        if let Some(path) = join(Some(&directory), &name) {
            prop_assert!(path.starts_with('/'));
            prop_assert!(path == "/" || path.split('/').skip(1).all(|part| !matches!(part, "" | "." | "..")));
            prop_assert_eq!(join(Some("/elsewhere"), &path), Some(path));
        }
    }

    #[test]
    fn what_was_quoted_is_read_back(path in "/[ -~é日]{0,20}", behind in "( [a-z ]{0,10})?") {
        prop_assert_eq!(quoted_path(&format!("\"{}\"{behind}", path.replace('"', "\"\""))), Some(path));
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), name in any::<String>()) {
        let mut directory = WorkingDirectory::default();
        directory.reported(&text);
        directory.enter(Some(&name));
        directory.leave();
        let _ = (stou_name(&text), listing_path(Some(&text)), join(Some(&text), &name));
    }
}
