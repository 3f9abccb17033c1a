use super::*;
use tempfile::TempDir;

/// A folder with these files, each with its own name as text unless one is given after ` = `.
fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let (name, text) = file.split_once(" = ").unwrap_or((file, file));
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn options(folder: &TempDir) -> DiscoverOptions {
    DiscoverOptions { working_directory: folder.path().to_owned(), ..DiscoverOptions::default() }
}

fn found(discovery: &Discovery) -> Vec<String> {
    discovery.files.iter().map(|file| file.shown.clone()).collect()
}

/// Shown paths of what `names`, inside the folder, stand for.
fn files(folder: &TempDir, names: &[&str], options: &DiscoverOptions) -> Vec<String> {
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    let discovery = discover(&paths, options);
    assert_eq!(discovery.errors, []);
    found(&discovery)
}

fn excluding(folder: &TempDir, patterns: &[&str]) -> DiscoverOptions {
    DiscoverOptions { exclude: vec![Globs::new(folder.path(), patterns).unwrap()], ..options(folder) }
}

#[test]
fn known_extensions_in_the_order_of_bytes() {
    let folder = tree(&[
        "b.yml",
        "a.json",
        "B.JSON",
        "a/z.yaml",
        "a.jsonc",
        "x.template",
        "a-b.json",
        "main.tf",
        "README.md",
        "json",
        ".github/w.yml",
        ".git/x.json",
        "sub/node_modules/x.json",
        ".terraform/x.json",
        "target/y.json",
    ]);
    let expected = [
        ".github/w.yml",
        "B.JSON",
        "a-b.json",
        "a.json",
        "a.jsonc",
        "a/z.yaml",
        "b.yml",
        "main.tf",
        "target/y.json",
        "x.template",
    ];
    assert_eq!(files(&folder, &["."], &options(&folder)), expected);
    // The folders of tools are taken when they are named.
    assert_eq!(files(&folder, &[".terraform"], &options(&folder)), [".terraform/x.json"]);
}

#[test]
fn assets_of_the_cdk_are_left_out() {
    let folder = tree(&[
        "cdk.out/Stack.template.json",
        "cdk.out/StackNested1234.nested.template.json",
        "cdk.out/asset.0a1b/policy.json",
        "cdk.out/assembly-Prod/Stack.template.json",
        "cdk.out/assembly-Prod/asset.2c3d/deep/policy.json",
        "asset.mine/policy.json",
    ]);
    let expected = [
        "asset.mine/policy.json",
        "cdk.out/Stack.template.json",
        "cdk.out/StackNested1234.nested.template.json",
        "cdk.out/assembly-Prod/Stack.template.json",
    ];
    assert_eq!(files(&folder, &["."], &options(&folder)), expected);
    assert_eq!(files(&folder, &["cdk.out/asset.0a1b"], &options(&folder)), ["cdk.out/asset.0a1b/policy.json"]);
}

#[test]
fn named_files_are_taken_once_whatever_their_name() {
    let folder = tree(&[".gitignore = *", "out/policy.txt", "a.json", ".git/HEAD"]);
    let names = ["out/policy.txt", "./a.json", "out/../a.json", "out//policy.txt", "a.json"];
    assert_eq!(files(&folder, &names, &options(&folder)), ["a.json", "out/policy.txt"]);
}

#[test]
fn nested_gitignore_files_and_negation() {
    let folder = tree(&[
        ".git/HEAD",
        ".gitignore = *.json\n!keep.json\n/only-root.yaml\nbuilt/\n[",
        "a.json",
        "keep.json",
        "only-root.yaml",
        "sub/only-root.yaml",
        "built/keep.json",
        "sub/built/x.yaml",
        "sub/.gitignore = keep.json\n!a.json\n",
        "sub/a.json",
        "sub/keep.json",
        "sub/deep/a.json",
        "sub/deep/b.json",
        "next/a.json",
        "next/b.yml",
        // A file of this name is no folder.
        "next/built = x",
        "other/built.yml",
    ]);
    let expected =
        ["keep.json", "next/b.yml", "other/built.yml", "sub/a.json", "sub/deep/a.json", "sub/only-root.yaml"];
    assert_eq!(files(&folder, &["."], &options(&folder)), expected);
    // The files above a named folder hold too; a named folder itself is not ignored.
    assert_eq!(files(&folder, &["sub/deep"], &options(&folder)), ["sub/deep/a.json"]);
    assert_eq!(files(&folder, &["sub/built"], &options(&folder)), ["sub/built/x.yaml"]);
    let all = DiscoverOptions { no_ignore: true, ..options(&folder) };
    assert_eq!(files(&folder, &["sub/deep", "built"], &all), ["built/keep.json", "sub/deep/a.json", "sub/deep/b.json"]);
}

#[test]
fn ignore_files_above_the_repository_do_not_hold() {
    let folder = tree(&[".gitignore = *.json", "repo/.git/HEAD", "repo/a.json", "repo/sub/b.json"]);
    assert_eq!(files(&folder, &["repo/sub"], &options(&folder)), ["repo/sub/b.json"]);
    let folder = tree(&[".gitignore = *.json", "sub/b.json", "sub/c.yml"]);
    assert_eq!(files(&folder, &["sub"], &options(&folder)), ["sub/c.yml"], "no repository: from the working directory");
}

#[test]
fn excludes_of_the_repository_are_the_weakest() {
    let folder = tree(&[
        ".git/info/exclude = private/\n*.yml\n",
        ".gitignore = !ok.yml",
        "private/a.json",
        "a.yml",
        "ok.yml",
        "sub/b.yml",
        "sub/b.json",
    ]);
    assert_eq!(files(&folder, &["."], &options(&folder)), ["ok.yml", "sub/b.json"]);
    assert_eq!(files(&folder, &["sub"], &options(&folder)), ["sub/b.json"]);
}

#[test]
fn iamlintignore_has_the_last_word() {
    let folder = tree(&[
        ".iamlintignore = fixtures/\n!generated/\n",
        ".gitignore = generated/\n",
        "fixtures/a.json",
        "generated/a.json",
        "sub/.gitignore = !fixtures/",
        "sub/fixtures/b.json",
        "c.json",
    ]);
    assert_eq!(files(&folder, &["."], &options(&folder)), ["c.json", "generated/a.json"]);
}

#[test]
fn exclude_and_force_exclude() {
    let folder = tree(&["a.json", "vendor/a.json", "sub/vendor/b.json", "sub/c.json", "sub/d.yml"]);
    let soft = excluding(&folder, &["vendor", "sub/*.yml"]);
    assert_eq!(files(&folder, &["."], &soft), ["a.json", "sub/c.json"]);
    assert_eq!(files(&folder, &["vendor/a.json", "sub/d.yml"], &soft), ["sub/d.yml", "vendor/a.json"]);
    assert_eq!(files(&folder, &["vendor"], &soft), ["vendor/a.json"]);
    let hard = DiscoverOptions { force_exclude: true, ..soft };
    assert!(files(&folder, &["vendor/a.json", "sub/d.yml", "vendor"], &hard).is_empty());
    assert_eq!(files(&folder, &["a.json"], &hard), ["a.json"]);
}

#[test]
fn missing_paths_and_empty_folders_are_told() {
    let folder = tree(&["docs/README.md", "a.json"]);
    let path = |name: &str| folder.path().join(name);
    let discovery = discover(&[path("docs"), path("gone.json"), path("a.json")], &options(&folder));
    assert_eq!(found(&discovery), ["a.json"]);
    assert_eq!(discovery.directories_without_files, ["docs"]);
    let message = "no such file or directory".to_owned();
    assert_eq!(discovery.errors, [Unreadable { path: "gone.json".to_owned(), message }]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_are_told() {
    use std::os::unix::fs::symlink;
    let folder = tree(&["real/a.json", "sub/x.md", "elsewhere.txt"]);
    let path = |name: &str| folder.path().join(name);
    symlink(path("real/a.json"), path("sub/link.json")).unwrap();
    symlink(path("real"), path("sub/once")).unwrap();
    symlink(path("real"), path("sub/twice")).unwrap();
    symlink(folder.path(), path("sub/up")).unwrap();
    symlink(path("nowhere"), path("sub/gone.json")).unwrap();
    symlink(path("nowhere"), path("sub/gone")).unwrap();
    let discovery = discover(&[folder.path().to_owned()], &options(&folder));
    assert_eq!(found(&discovery), ["real/a.json"]);
    let errors: Vec<_> = discovery.errors.iter().map(|error| (error.path.as_str(), error.message.as_str())).collect();
    let looping = "this link leads back to the folder `.` that it stands in";
    assert_eq!(errors, [("sub/gone.json", "no such file or directory"), ("sub/up", looping)]);
    // What is ignored is not looked at.
    fs::write(path(".gitignore"), "sub/up\ngone.json\n").unwrap();
    assert_eq!(discover(&[folder.path().to_owned()], &options(&folder)).errors, []);
}

#[cfg(unix)]
#[test]
fn links_to_links_do_not_multiply_the_work() {
    use std::os::unix::fs::symlink;
    let folder = tree(&["29/a.json"]);
    for at in 0..29 {
        let here = folder.path().join(format!("{at:02}"));
        fs::create_dir(&here).unwrap();
        for link in ["x", "y"] {
            symlink(folder.path().join(format!("{:02}", at + 1)), here.join(link)).unwrap();
        }
    }
    let discovery = discover(&[folder.path().join("00")], &options(&folder));
    assert_eq!(discovery.files.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tree(&["a.json", "closed/b.json", "ignored/c.json", ".gitignore = ignored"]);
    for name in ["closed", "ignored"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // A superuser reads everything; then there is nothing to see here.
    if fs::read_dir(folder.path().join("closed")).is_err() {
        let discovery = discover(&[folder.path().to_owned()], &options(&folder));
        assert_eq!(found(&discovery), ["a.json"]);
        assert_eq!(discovery.errors.len(), 1);
        assert_eq!(discovery.errors[0].path, "closed");
        assert_eq!(discovery.errors[0].message, "permission denied");
    }
    for name in ["closed", "ignored"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn shown_paths() {
    let base = Path::new("/repo");
    let show = |path: &str| label(Path::new(path), &absolute(Path::new(path), base), base);
    assert_eq!(show("./a//b.json"), "a/b.json");
    assert_eq!(show("/repo/a/b.json"), "a/b.json");
    assert_eq!(show("/elsewhere/b.json"), "/elsewhere/b.json");
    assert_eq!(show("."), ".");
    assert_eq!(shown(Path::new("./Cargo.toml")), "Cargo.toml");
}

#[test]
fn a_file_without_an_ending_is_taken_if_it_begins_like_json() {
    let folder = tree(&[
        "AdministratorAccess = {\"Statement\": []}",
        "list = \n [{\"Effect\": 1}]",
        "data = {}",
        "LICENSE = Statement",
        "empty =",
        "notes.txt = {\"Statement\": []}",
        ".hidden = {\"Statement\": []}",
    ]);
    let discovery = discover(&[folder.path().to_owned()], &options(&folder));
    assert_eq!(found(&discovery), ["AdministratorAccess", "list"]);
}
