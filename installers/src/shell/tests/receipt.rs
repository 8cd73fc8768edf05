//! Nothing is installed where the receipt of it could not be written, or not say
//! where it is.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use super::machine::{Machine, shells, text};
use super::{all_targets, script_for};

#[test]
fn where_the_receipt_cannot_be_written_nothing_is_installed() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        let place = machine.path("a file");
        fs::write(&place, "").unwrap();
        let mut command = machine.command(&shell, &script);
        command.env("XDG_CONFIG_HOME", place.join("below it"));
        let expected = format!("since {} is no directory", place.display());
        Machine::refuses(&mut command, &expected);
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");

        // What is there already may be in the way as well.
        let own = machine.path("configuration/tiny-app");
        let receipt = own.join("tiny-app-receipt.json");
        fs::create_dir(own.parent().unwrap()).unwrap();
        fs::write(&own, "").unwrap();
        let refused = |reason: String| {
            let mut command = machine.command(&shell, &script);
            command.env("XDG_CONFIG_HOME", machine.path("configuration"));
            Machine::refuses(&mut command, &reason);
        };
        refused(format!("since {} is no directory", own.display()));
        fs::remove_file(&own).unwrap();
        fs::create_dir_all(&receipt).unwrap();
        refused(format!("since {} is no file", receipt.display()));

        // There is no receipt for one that its user manages.
        command.env("TINY_APP_UNMANAGED_INSTALL", machine.path("bin"));
        let output = command.stdin(fs::File::open(machine.path("script")).unwrap());
        let output = output.output().unwrap();
        assert!(
            output.status.success(),
            "{shell:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn where_the_receipt_could_not_name_the_place_nothing_is_installed() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        for odd in [",", "&", "\\", "\"", "$", "`", ":", "[", "\n", "\t"] {
            let place = machine.path(&format!("a{odd}b"));
            for name in ["HOME", "XDG_CONFIG_HOME", "TINY_APP_INSTALL_DIR"] {
                let mut command = machine.command(&shell, &script);
                let shown = place.display();
                let expected = format!("no receipt can name the directory {shown}: it holds");
                Machine::refuses(command.env(name, &place), &expected);
            }
            let mut command = machine.command(&shell, &script);
            command.env("HOME", &place);
            command.env("TINY_APP_UNMANAGED_INSTALL", machine.path("bin"));
            assert!(
                command.output().unwrap().status.success(),
                "{shell:?} {odd}"
            );
        }
        for name in [
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_BIN_HOME",
            "TINY_APP_INSTALL_DIR",
            "CARGO_DIST_FORCE_INSTALL_DIR",
        ] {
            let mut command = machine.command(&shell, &script);
            Machine::refuses(command.env(name, "tools"), "tools is no absolute path");
        }
        for even in ["a b", "a'b", "ä(1)", "~a;b|c*d?{e}#%!"] {
            let mut command = machine.command(&shell, &script);
            let output = command.env("HOME", machine.path(even)).output().unwrap();
            assert!(output.status.success(), "{shell:?} {even}");
        }
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");
    }
}

#[test]
fn a_place_that_is_not_utf_8_is_refused_since_the_receipt_is_json() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        let mut place = machine.path("a").into_os_string().into_vec();
        place.push(0xff);
        let mut command = machine.command(&shell, &script);
        let output = command.env("HOME", OsString::from_vec(place)).output();
        let output = output.unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{shell:?}: {err}");
        assert!(err.contains("it is not valid UTF-8"), "{shell:?}: {err}");
        assert!(err.contains("TINY_APP_UNMANAGED_INSTALL"), "{err}");
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");
    }
}

#[test]
fn a_configuration_that_is_not_there_yet_is_in_nobodys_way() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        let below = machine.path("home/not/there yet");
        for place in [below.as_os_str(), "".as_ref()] {
            let mut command = machine.command(&shell, &script);
            let output = command.env("XDG_CONFIG_HOME", place).output().unwrap();
            let err = text(&output.stderr);
            assert!(output.status.success(), "{shell:?} {place:?}: {err}");
        }
    }
}
