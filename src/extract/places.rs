//! Where files go: folders that are made as they are needed, and names that nothing else has.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::folder::{Folder, is_taken};
use super::names::numbered;

/// Folders that are kept open.
const OPEN: usize = 128;

/// Names of which it is known how many there are.
const COUNTED: usize = 1 << 16;

/// Numbers that are tried for one name.
const TRIED: u32 = 10_000;

/// All places below the target folder.
#[derive(Debug)]
pub(super) struct Places {
    root: Arc<Folder>,
    /// By the path that was wished for: the folder, and the path that it has.
    folders: HashMap<String, (Arc<Folder>, String)>,
    /// The number that was given last.
    numbers: HashMap<String, u32>,
}

impl Places {
    pub(super) fn below(root: Arc<Folder>) -> Self {
        Self { root, folders: HashMap::new(), numbers: HashMap::new() }
    }

    /// Has `write` make a file of this path, with a number where the name is taken; gives its path.
    pub(super) fn place(
        &mut self,
        path: &[String],
        ending: &str,
        write: &mut dyn FnMut(&Folder, &str) -> io::Result<()>,
    ) -> io::Result<String> {
        let Some((name, folders)) = path.split_last() else { return Err(io::ErrorKind::InvalidInput.into()) };
        let (folder, shown) = self.folder(folders)?;
        let wished = format!("{shown}{name}{ending}");
        let given = self.numbers.get(&wished).copied().unwrap_or(0);
        for number in given.saturating_add(1)..=TRIED {
            let name = if number == 1 { name.clone() } else { numbered(name, number) } + ending;
            match write(&folder, &name) {
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    self.count(wished, number);
                    return Ok(shown + &name);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn count(&mut self, wished: String, number: u32) {
        if self.numbers.len() >= COUNTED {
            self.numbers.clear();
        }
        self.numbers.insert(wished, number);
    }

    /// The folder of this path, and how its path begins that of a file.
    fn folder(&mut self, path: &[String]) -> io::Result<(Arc<Folder>, String)> {
        let wished = path.join("/");
        if let Some(known) = self.folders.get(&wished) {
            return Ok(known.clone());
        }
        let Some((name, above)) = path.split_last() else {
            return Ok((Arc::clone(&self.root), String::new()));
        };
        let (above, mut shown) = self.folder(above)?;
        let (folder, name) = open(&above, name)?;
        shown.push_str(&name);
        shown.push('/');
        if self.folders.len() >= OPEN {
            self.folders.clear();
        }
        let made = (Arc::new(folder), shown);
        self.folders.insert(wished, made.clone());
        Ok(made)
    }
}

/// The folder of this name, or one with a number where a file or a link has the name.
fn open(above: &Folder, name: &str) -> io::Result<(Folder, String)> {
    let mut tried = name.to_owned();
    for number in 2..100 {
        match above.sub(&tried) {
            Err(error) if is_taken(&error) => tried = numbered(name, number),
            opened => return Ok((opened?, tried)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
