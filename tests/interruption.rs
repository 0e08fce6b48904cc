//! A run that is killed, crowded out or out of disk leaves no half-written file, and the next one ends as if nothing
//! had been.

mod common;

use common::{Call, files, program, run};
use signcheck::results::{Lock, read_result, result_paths};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Claims that take a moment, with figures and certificates among their files.
fn claims() -> Vec<String> {
    ["bernstein2018/density", "karimireddy2019/counterexample-2", "li2021/example-1"].map(String::from).into()
}

/// The arguments of a quick reproduce of these claims into a folder.
fn arguments<'a>(out: &'a Path, filters: &'a [String]) -> Vec<&'a str> {
    let out = out.to_str().expect("a UTF-8 path");
    ["reproduce", "--out", out].into_iter().chain(filters.iter().map(String::as_str)).collect()
}

fn reproduce(out: &Path, filters: &[String]) -> Call {
    run(Path::new("."), &arguments(out, filters))
}

/// Every path below a folder, hidden ones included.
fn everything(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[track_caller]
fn assert_no_leftovers(out: &Path) {
    let left: Vec<String> = everything(out).into_iter().filter(|p| p.ends_with(".tmp")).collect();
    assert!(left.is_empty(), "temporary files were left: {left:?}");
}

/// Holds that every file that is there has the bytes of the uninterrupted run; `complete` that all are there.
#[track_caller]
fn assert_same(out: &Path, whole: &BTreeMap<String, Vec<u8>>, complete: bool, what: &str) {
    let found = files(out);
    for (name, bytes) in &found {
        let expected = whole.get(name).unwrap_or_else(|| panic!("{what}: {name} is no file of the uninterrupted run"));
        assert!(bytes == expected, "{what}: {name} differs from the uninterrupted run");
    }
    if complete {
        assert_eq!(found.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "{what}: files are missing");
        assert_no_leftovers(out);
    }
}

/// splitmix64: the moments of the kills are the same in every run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Kills runs at random moments, each going on where the one before was, until so many died; a folder that is finished
/// is compared with the uninterrupted run and begun anew.
fn kill(kills: u64, filters: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    let begun = Instant::now();
    let call = reproduce(&whole, filters);
    assert!(matches!(call.code, Some(0..=2)), "{call}");
    let (took, expected) = (begun.elapsed(), files(&whole));
    let (mut killed, mut finished, mut state) = (0, 0, 0x51ed_2701);
    while killed < kills {
        let mut child = program(Path::new("."), &arguments(&out, filters))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        // Short waits meet the writing of files, long ones the work between.
        let most = took.as_micros() as u64 / [2, 8, 32][(next(&mut state) % 3) as usize];
        std::thread::sleep(Duration::from_micros(next(&mut state) % most.max(1)));
        let ended = child.try_wait().unwrap();
        if ended.is_none() {
            // SIGKILL on Unix: the program cannot catch it.
            child.kill().expect("a running process can be killed");
        }
        let status = child.wait().unwrap();
        let died = status.code().is_none();
        killed += u64::from(died);
        assert_same(&out, &expected, !died, &format!("after {killed} kills"));
        for path in result_paths(&out.join("results")).unwrap_or_default() {
            read_result(&path).unwrap_or_else(|e| panic!("after {killed} kills: {e}"));
        }
        if died && killed.is_multiple_of(10) {
            println!("{killed} kills, {finished} runs to the end");
        }
        if !died {
            assert_eq!(status.code(), call.code, "after {killed} kills");
            finished += 1;
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
    let last = reproduce(&out, filters);
    assert_eq!((last.code, &last.stdout.lines().last().is_some()), (call.code, &true), "{last}");
    assert_same(&out, &expected, true, "at the end");
    println!("{killed} kills, {} files the same each time, {} runs to the end", expected.len(), finished + 1);
}

#[test]
fn killed_runs_end_with_the_same_files() {
    kill(5, &claims());
}

/// `SIGNCHECK_KILLS` kills (100) over the claims of `SIGNCHECK_KILL_FILTER` (all of them).
#[test]
#[ignore = "minutes: part of the slow checks"]
fn many_killed_runs_end_with_the_same_files() {
    let kills = std::env::var("SIGNCHECK_KILLS").ok().map_or(100, |n| n.parse().expect("a number of kills"));
    let filters = std::env::var("SIGNCHECK_KILL_FILTER").unwrap_or_default();
    kill(kills, &filters.split_whitespace().map(str::to_string).collect::<Vec<_>>());
}

#[test]
fn two_runs_on_one_folder_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (out, ids) = (folder.path(), claims());
    assert!(matches!(reproduce(out, &ids[..1]).code, Some(0..=2)));
    let before = files(out);
    let held = Lock::take(out).unwrap();
    for command in [arguments(out, &ids), vec!["figure", "--out", out.to_str().unwrap()]] {
        let call = run(Path::new("."), &command);
        assert_eq!(call.code, Some(3), "{call}");
        assert!(call.stdout.is_empty() && call.stderr.contains("another run of signcheck"), "{call}");
        assert!(call.stderr.contains(out.to_str().unwrap()), "{call}");
    }
    assert_eq!(files(out), before, "the run that was turned away wrote something");
    // Reading is open to all, and another folder is another matter.
    assert_eq!(run(out, &["export", "--format", "csv"]).code, Some(0));
    assert!(matches!(reproduce(&out.join("other"), &ids[..1]).code, Some(0..=2)));
    drop(held);
    assert!(matches!(reproduce(out, &ids[..1]).code, Some(0..=2)));
}

#[test]
fn what_a_killed_run_left_half_written_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (out, ids) = (folder.path(), &claims()[1..2]);
    reproduce(out, ids);
    let before = files(out);
    let paper = ids[0].split('/').next().unwrap();
    for place in [".signcheck/.abc.json.77.tmp", &format!("results/{paper}/.x.json.77.tmp"), "figures/.y.svg.7.tmp"] {
        std::fs::write(out.join(place), "{\"half").unwrap();
    }
    std::fs::write(out.join("results/.mine.tmp"), "not of this program").unwrap();
    reproduce(out, ids);
    let left: Vec<String> = everything(out).into_iter().filter(|p| p.ends_with(".tmp")).collect();
    assert!(left.len() == 1 && left[0].ends_with(".mine.tmp"), "{left:?}");
    assert_eq!(files(out), before);
}

#[test]
fn results_that_were_cut_or_edited_are_noticed_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (out, ids) = (folder.path(), claims());
    reproduce(out, &ids[..2]);
    let before = files(out);
    let path = out.join(format!("results/{}.json", ids[0]));
    let text = std::fs::read_to_string(&path).unwrap();
    let edits: [(&str, String); 4] = [
        ("edited", text.replacen("\"replicates\": 1", "\"replicates\": 2", 1)),
        ("of an unknown key", text.replacen('{', "{\n  \"remark\": \"checked by hand\",", 1)),
        ("without its digest", text[..text.rfind(",\n  \"digest\"").unwrap()].to_string() + "\n}\n"),
        ("cut", text[..text.len() / 2].to_string()),
    ];
    for (what, edited) in edits {
        assert_ne!(edited, text);
        std::fs::write(&path, &edited).unwrap();
        for command in [&["report"][..], &["figure"], &["export", "--format", "csv"]] {
            let call = run(out, command);
            assert_eq!(call.code, Some(3), "a result {what} was taken\n{call}");
            assert!(call.stderr.contains(&ids[0]) && call.stdout.is_empty(), "{call}");
            let says = if what == "cut" { "not a result file" } else { "digest" };
            assert!(call.stderr.contains(says), "{call}");
        }
        // A run of another claim covers it in its ledger: it says so before it begins.
        let other = run(out, &["reproduce", &ids[1]]);
        assert!(other.code == Some(3) && other.stderr.contains(&ids[0]), "{other}");
        let again = reproduce(out, &ids[..1]);
        assert!(matches!(again.code, Some(0..=2)), "{again}");
        assert!(again.stderr.contains("written anew"), "{again}");
        assert_eq!(files(out), before, "a result {what} stayed as it was");
    }
}

/// Runs a shell line with the program in `$0` and its arguments in `$@`; `None`, with the reason, where the line's own
/// set-up is not permitted (it then ends with code 77).
fn in_shell(line: &str, more: &[&str]) -> Option<Call> {
    let program = assert_cmd::cargo::cargo_bin!("signcheck");
    let output = Command::new("sh").arg("-c").arg(line).arg(program).args(more).output();
    match output {
        Ok(output) if output.status.code() != Some(77) => Some(output.into()),
        Ok(output) => {
            println!("skipped: not permitted here: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            println!("skipped: no shell: {error}");
            None
        }
    }
}

/// Holds that a run ended for want of disk, and that what it left is whole.
#[track_caller]
fn assert_out_of_disk(call: &Call, out: &Path) {
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.starts_with("error") && !call.stderr.contains("panicked"), "{call}");
    assert_no_leftovers(out);
    for path in result_paths(&out.join("results")).unwrap_or_default() {
        read_result(&path).unwrap_or_else(|e| panic!("{e}\n{call}"));
    }
}

#[test]
fn a_full_disk_ends_the_run_and_damages_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ids = claims();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    reproduce(&whole, &ids);
    let expected = files(&whole);
    let largest = expected.values().map(Vec::len).max().unwrap();
    // A file that would grow past the limit fails in the middle of its writing, as on a full disk. Blocks of 512 bytes.
    let mut stopped = 0;
    for blocks in [1, 8, largest / 1024] {
        let line = format!("trap '' XFSZ; ulimit -f {blocks} || exit 77; exec \"$0\" \"$@\"");
        let Some(call) = in_shell(&line, &arguments(&out, &ids)) else { return };
        assert_out_of_disk(&call, &out);
        assert_same(&out, &expected, false, &format!("{blocks} blocks"));
        stopped += 1;
    }
    assert_eq!(stopped, 3);
    reproduce(&out, &ids);
    assert_same(&out, &expected, true, "with room again");
}

#[test]
fn a_small_file_system_that_fills_up_ends_the_run_and_damages_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, copy) = (folder.path().join("disk"), folder.path().join("copy"));
    std::fs::create_dir(&disk).unwrap();
    for options in ["size=128k", "size=1m,ro"] {
        let _ = std::fs::remove_dir_all(&copy);
        let line = format!(
            "unshare -rm sh -c 'mount -t tmpfs -o {options} none {0} || exit 77; \"$0\" \"$@\"; code=$?; \
             cp -a {0} {1}; exit $code' \"$0\" \"$@\" || {{ code=$?; [ -d {1} ] && exit $code; exit 77; }}",
            disk.display(),
            copy.display()
        );
        let Some(call) = in_shell(&line, &arguments(&disk, &claims())) else { return };
        assert_out_of_disk(&call, &copy);
        let says = if options.ends_with("ro") { "cannot be written" } else { "No space left" };
        assert!(call.stderr.contains(says), "{call}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_stops_the_run_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut permissions = std::fs::metadata(&out).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&out, permissions).unwrap();
    if std::fs::write(out.join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let call = reproduce(&out, &claims());
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("cannot be written"), "{call}");
}
