//! A folder of configuration files, which is what Terraform calls a module, parsed and indexed.

use super::eval::plain;
use super::files::{Files, Sources, normal};
use super::uses::Uses;
use crate::diagnostic::Problem;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::hcl::{self, Attribute, Block};
use crate::syntax::json;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The largest file of configuration that is read, in bytes: the parser's tree takes many times as much.
pub const MAX_FILE: usize = 16 * 1024 * 1024;
/// How many files of one folder are read.
const MAX_FILES: usize = 10_000;

/// Where a block stands: file and block of the module.
pub(super) type At = (usize, usize);

/// One file.
#[derive(Debug)]
pub(super) struct ModuleFile {
    pub path: PathBuf,
    pub source: Arc<Source>,
    pub hcl: hcl::File,
}

/// A folder.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub folder: PathBuf,
    pub files: Vec<ModuleFile>,
    pub variables: HashMap<String, At>,
    /// The block and the attribute in it.
    pub locals: HashMap<String, (At, usize)>,
    pub data: HashMap<(String, String), At>,
    pub resources: HashMap<(String, String), At>,
    pub calls: HashMap<String, At>,
    pub outputs: HashMap<String, At>,
    /// The configurations of the AWS provider, by their aliases.
    pub providers: HashMap<Option<String>, At>,
    /// The values that `terraform.tfvars` and `*.auto.tfvars` give, by file and attribute: they hold where this folder is
    /// the root.
    pub values: HashMap<String, (usize, usize)>,
    /// Files of values; their `hcl` has attributes only.
    pub value_files: Vec<ModuleFile>,
    /// What could not be read, with places in the common space; of a file that was not read at all, its path.
    pub unread: Vec<(PathBuf, String)>,
    uses: OnceLock<Uses>,
}

impl Module {
    /// What its resources use others for: found once, as each of thousands may ask.
    pub fn uses(&self) -> &Uses {
        let resources = || self.files.iter().flat_map(|file| file.hcl.body.blocks_named("resource"));
        self.uses.get_or_init(|| Uses::of(resources()))
    }

    pub fn block(&self, (file, block): At) -> &Block {
        &self.files[file].hcl.body.blocks[block]
    }

    pub fn local(&self, name: &str) -> Option<&Attribute> {
        let (at, attribute) = self.locals.get(name)?;
        self.block(*at).body.attributes.get(*attribute)
    }

    /// The value that a file of values gives a variable of this folder.
    pub fn value(&self, name: &str) -> Option<&Attribute> {
        let (file, attribute) = self.values.get(name)?;
        self.value_files[*file].hcl.body.attributes.get(*attribute)
    }

    fn index(&mut self) {
        for (file, module_file) in self.files.iter().enumerate() {
            for (at, block) in module_file.hcl.body.blocks.iter().enumerate() {
                let place = (file, at);
                match (block.name.as_str(), block.labels.as_slice()) {
                    ("variable", [name]) => drop(self.variables.entry(name.clone()).or_insert(place)),
                    ("output", [name]) => drop(self.outputs.entry(name.clone()).or_insert(place)),
                    ("provider", [name, ..]) if name == "aws" => {
                        let alias = block.body.attribute("alias").and_then(|attribute| plain(&attribute.value));
                        self.providers.entry(alias.map(str::to_owned)).or_insert(place);
                    }
                    ("module", [name]) => drop(self.calls.entry(name.clone()).or_insert(place)),
                    ("data", [kind, name]) => drop(self.data.entry((kind.clone(), name.clone())).or_insert(place)),
                    ("resource", [kind, name]) => {
                        self.resources.entry((kind.clone(), name.clone())).or_insert(place);
                    }
                    ("locals", []) => {
                        for (index, attribute) in block.body.attributes.iter().enumerate() {
                            self.locals.entry(attribute.name.clone()).or_insert((place, index));
                        }
                    }
                    _ => {}
                }
            }
        }
        for (file, values) in self.value_files.iter().enumerate() {
            // A later file wins.
            for (index, attribute) in values.hcl.body.attributes.iter().enumerate() {
                self.values.insert(attribute.name.clone(), (file, index));
            }
        }
    }
}

/// Whether a file belongs to a configuration.
pub fn is_configuration(name: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| name.ends_with(end))
}

/// Whether Terraform reads a file of its folder without being told to.
pub fn is_read(name: &str) -> bool {
    is_configuration(name) || is_values(name)
}

/// Whether a file gives values to the variables of its folder without being named.
fn is_values(name: &str) -> bool {
    matches!(name, "terraform.tfvars" | "terraform.tfvars.json")
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}

/// Reads folders and files, each once in a run.
pub struct Loader<'f> {
    files: &'f dyn Files,
    /// Every text that was read.
    pub sources: Sources,
    modules: Mutex<HashMap<PathBuf, Arc<OnceLock<Arc<Module>>>>>,
    texts: Mutex<HashMap<PathBuf, Result<Text, String>>>,
    /// The folders that other folders call as modules.
    called: Mutex<HashSet<PathBuf>>,
}

/// A text and its first offset in the common space.
pub(super) type Text = (u32, Arc<Source>);

impl std::fmt::Debug for Loader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader").finish_non_exhaustive()
    }
}

impl<'f> Loader<'f> {
    /// A loader that has read nothing yet.
    pub fn new(files: &'f dyn Files) -> Self {
        Loader {
            files,
            sources: Sources::default(),
            modules: Mutex::default(),
            texts: Mutex::default(),
            called: Mutex::default(),
        }
    }

    /// The module in a folder; an empty one where there is no such folder.
    pub(super) fn module(&self, folder: &Path) -> Arc<Module> {
        let folder = normal(folder);
        let slot = {
            let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(modules.entry(folder.clone()).or_default())
        };
        Arc::clone(slot.get_or_init(|| Arc::new(self.read_module(folder))))
    }

    /// Let the trees of a folder go that was read, unless another calls it. Who asks for it all the same gets it parsed
    /// again from the same texts.
    pub fn release(&self, folder: &Path) {
        let folder = normal(folder);
        if !self.called.lock().unwrap_or_else(PoisonError::into_inner).contains(&folder) {
            self.modules.lock().unwrap_or_else(PoisonError::into_inner).remove(&folder);
        }
    }

    /// The module that a block of a folder calls, where its source is in the tree.
    pub(super) fn called(&self, block: &Block, folder: &Path) -> Option<Arc<Module>> {
        let source = block.body.attribute("source").and_then(|attribute| plain(&attribute.value))?;
        let is_local = source.starts_with("./") || source.starts_with("../");
        let path = is_local.then(|| normal(&folder.join(Path::new(source))))?;
        self.called.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        let module = self.module(&path);
        (!module.files.is_empty()).then_some(module)
    }

    /// What cannot be read of the folders that were looked at: mistakes with their places, and files with why.
    pub fn broken(&self) -> (Vec<Problem>, Vec<(PathBuf, String)>) {
        let modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut modules: Vec<Arc<Module>> = modules.values().filter_map(|module| module.get().cloned()).collect();
        modules.sort_by(|a, b| a.folder.cmp(&b.folder));
        let files = modules.iter().flat_map(|module| module.files.iter().chain(&module.value_files));
        let problems = files.flat_map(|file| file.hcl.problems.iter().cloned()).collect();
        (problems, modules.iter().flat_map(|module| module.unread.iter().cloned()).collect())
    }

    /// The text of a file that is no configuration: a policy or a template.
    pub(super) fn text(&self, path: &Path) -> Result<Text, String> {
        let path = normal(path);
        if let Some(known) = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(&path) {
            return known.clone();
        }
        let read = self.read(&path);
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(read).clone()
    }

    /// The files directly in a folder.
    pub(super) fn list(&self, folder: &Path) -> Vec<PathBuf> {
        self.files.list(&normal(folder))
    }

    fn read(&self, path: &Path) -> Result<Text, String> {
        let text = self.files.read(path)?;
        if text.len() > MAX_FILE {
            return Err(format!("the file has {} bytes, more than the {MAX_FILE} that are read of one", text.len()));
        }
        let source = Arc::new(Source::new(self.files.shown(path), text));
        let base = self.sources.add(Arc::clone(&source)).ok_or("more than 4 GiB of Terraform in one run")?;
        Ok((base, source))
    }

    fn read_module(&self, folder: PathBuf) -> Module {
        let mut module = Module { folder, ..Module::default() };
        let listed = self.files.list(&module.folder);
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let names: Vec<String> = listed.iter().map(|path| name(path)).collect();
        let present: HashSet<&str> = names.iter().map(String::as_str).collect();
        let mut values = Vec::new();
        for (path, file_name) in listed.iter().zip(&names) {
            if is_values(file_name) {
                values.push(path);
            } else if is_configuration(file_name) {
                // OpenTofu reads its own file where both are there.
                let own = file_name.replacen(".tf", ".tofu", 1);
                if own != *file_name && present.contains(own.as_str()) {
                    continue;
                }
                if module.files.len() >= MAX_FILES {
                    let why = format!("the folder has more than the {MAX_FILES} files that are read of one");
                    module.unread.push((path.clone(), why));
                    break;
                }
                match self.parse(path) {
                    Ok(file) => module.files.push(file),
                    Err(why) => module.unread.push((path.clone(), why)),
                }
            }
        }
        // `terraform.tfvars` comes first whatever its name sorts like (Terraform, "Variable Definition Precedence").
        values.sort_by_key(|path| !name(path).starts_with("terraform.tfvars"));
        for path in values {
            match self.parse(path) {
                Ok(file) => module.value_files.push(file),
                Err(why) => module.unread.push((path.clone(), why)),
            }
        }
        module.index();
        module
    }

    /// A file of values that the user names, `--var-file`.
    pub(super) fn value_file(&self, path: &Path) -> Result<ModuleFile, String> {
        self.parse(path)
    }

    fn parse(&self, path: &Path) -> Result<ModuleFile, String> {
        let (base, source) = self.text(path)?;
        let start = base as usize;
        let hcl = if source.path.ends_with(".json") {
            let parsed = json::parse(&source.text, json::Dialect::Strict);
            let mut file =
                parsed.documents.first().map(|root| hcl::from_json(root, &source.text, start)).unwrap_or_default();
            file.problems.extend(parsed.problems.into_iter().map(|problem| moved(problem, start)));
            file
        } else {
            hcl::parse(&source.text, start)
        };
        Ok(ModuleFile { path: path.to_owned(), source, hcl })
    }
}

fn moved(problem: Problem, base: usize) -> Problem {
    let span = Span::new(problem.span.start as usize + base, problem.span.end as usize + base);
    Problem { span, ..problem }
}
