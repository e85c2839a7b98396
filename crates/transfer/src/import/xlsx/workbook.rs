//! A workbook: its sheets, shared strings and number formats (ECMA-376, part 1, 18).

use std::collections::HashMap;
use std::io::{Read, Seek};

use quick_xml::events::Event;
use vku_domain::kernel::tabular::NumberFormat;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::Malformed;
use super::xml::{Xml, attribute, is_on};

/// A sheet in the list of the workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) is_visible: bool,
    /// Whether it is a table of cells, not a chart or macro sheet.
    pub(super) is_worksheet: bool,
    path: String,
}

/// The data that the cells of all sheets share.
#[derive(Default)]
pub(super) struct Shared {
    texts: String,
    ends: Vec<usize>,
    formats: Vec<NumberFormat>,
    pub(super) is_1904: bool,
    /// Whether formulas have to be recalculated when the workbook is opened, so that the stored values are not valid.
    pub(super) recalculates: bool,
}

impl Shared {
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        let begin = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.texts.get(begin..*self.ends.get(index)?)
    }

    pub(super) fn format(&self, style: usize) -> NumberFormat {
        self.formats.get(style).copied().unwrap_or_default()
    }
}

/// A workbook.
pub(super) struct Workbook<R> {
    archive: ZipArchive<R>,
    /// The indexes of the parts by their names in lower case: part names are case-insensitive.
    parts: HashMap<String, usize>,
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) shared: Shared,
}

impl<R: Read + Seek> Workbook<R> {
    /// Reads everything but the cells.
    pub(super) fn open(archive: ZipArchive<R>) -> Result<Self, Malformed> {
        let name = |name: &str| name.replace('\\', "/").trim_start_matches('/').to_lowercase();
        let parts = (0..archive.len())
            .filter_map(|at| Some((name(&archive.name_for_index(at)?.ok()?), at)))
            .collect();
        let mut workbook = Self { archive, parts, sheets: Vec::new(), shared: Shared::default() };
        let roots = workbook.relations("")?;
        let main = roots.into_iter().find(|it| it.kind == "officeDocument").ok_or(Malformed)?.target;
        let relations = workbook.relations(&main)?;
        workbook.workbook(&main, &relations)?;
        for relation in &relations {
            match relation.kind.as_str() {
                "sharedStrings" => workbook.texts(&relation.target)?,
                "styles" => workbook.formats(&relation.target)?,
                _ => {}
            }
        }
        Ok(workbook)
    }

    fn part(&mut self, path: &str) -> Result<Option<Xml<ZipFile<'_, R>>>, Malformed> {
        let Some(at) = self.parts.get(&path.to_lowercase()) else { return Ok(None) };
        self.archive.by_index(*at).map(|part| Some(Xml::new(part))).map_err(|_| Malformed)
    }

    /// Returns the cells of a sheet.
    pub(super) fn cells(&mut self, sheet: &SheetEntry) -> Result<(Xml<ZipFile<'_, R>>, &Shared), Malformed> {
        let at = self.parts.get(&sheet.path.to_lowercase()).ok_or(Malformed)?;
        Ok((Xml::new(self.archive.by_index(*at).map_err(|_| Malformed)?), &self.shared))
    }

    /// Returns the relationships of a part.
    fn relations(&mut self, path: &str) -> Result<Vec<Relation>, Malformed> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut found = Vec::new();
        let Some(xml) = self.part(&format!("{prefix}_rels/{file}.rels"))? else { return Ok(found) };
        xml.each(|element| {
            if element.local_name().as_ref() == "Relationship" {
                let get = |name| Ok(attribute(element, name)?.unwrap_or_default());
                let (id, kind, target) = (get("Id")?, get("Type")?, get("Target")?);
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                found.push(Relation { id, kind, target: resolved(folder, &target) });
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn workbook(&mut self, path: &str, relations: &[Relation]) -> Result<(), Malformed> {
        let (mut sheets, mut is_1904, mut recalculates) = (Vec::new(), false, false);
        self.part(path)?.ok_or(Malformed)?.each(|element| {
            match element.local_name().as_ref() {
                "workbookPr" => is_1904 = is_on(element, "date1904")?,
                "calcPr" => {
                    let is_incomplete =
                        matches!(attribute(element, "calcCompleted")?.as_deref(), Some("0" | "false"));
                    recalculates = is_incomplete || is_on(element, "fullCalcOnLoad")?;
                }
                "sheet" => {
                    let id = attribute(element, "id")?.ok_or(Malformed)?;
                    let Some(relation) = relations.iter().find(|it| it.id == id) else { return Ok(()) };
                    sheets.push(SheetEntry {
                        name: attribute(element, "name")?.unwrap_or_default(),
                        is_visible: matches!(attribute(element, "state")?.as_deref(), None | Some("visible")),
                        is_worksheet: relation.kind == "worksheet",
                        path: relation.target.clone(),
                    });
                }
                _ => {}
            }
            Ok(())
        })?;
        self.sheets = sheets;
        (self.shared.is_1904, self.shared.recalculates) = (is_1904, recalculates);
        Ok(())
    }

    fn texts(&mut self, path: &str) -> Result<(), Malformed> {
        let (mut texts, mut ends) = (String::new(), Vec::new());
        let Some(mut xml) = self.part(path)? else { return Ok(()) };
        loop {
            let is_text = match xml.next()? {
                Event::Start(element) => element.local_name().as_ref() == "si",
                Event::Eof => break,
                _ => false,
            };
            if is_text {
                xml.rich_text(&mut texts)?;
                ends.push(texts.len());
            }
        }
        drop(xml);
        (self.shared.texts, self.shared.ends) = (texts, ends);
        Ok(())
    }

    fn formats(&mut self, path: &str) -> Result<(), Malformed> {
        let (mut codes, mut formats, mut is_of_cells) = (HashMap::new(), Vec::new(), false);
        let Some(xml) = self.part(path)? else { return Ok(()) };
        xml.each(|element| {
            let number =
                |name| Ok(attribute(element, name)?.and_then(|id| id.parse::<u32>().ok()).unwrap_or(0));
            match element.local_name().as_ref() {
                "numFmt" => {
                    let code = attribute(element, "formatCode")?.unwrap_or_default();
                    codes.insert(number("numFmtId")?, NumberFormat::of(&code));
                }
                "cellXfs" => is_of_cells = true,
                "cellStyles" | "dxfs" => is_of_cells = false,
                "xf" if is_of_cells => {
                    let id = number("numFmtId")?;
                    formats.push(codes.get(&id).copied().unwrap_or_else(|| NumberFormat::built_in(id)));
                }
                _ => {}
            }
            Ok(())
        })?;
        self.shared.formats = formats;
        Ok(())
    }
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

/// Resolves a target relative to a folder.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if let Some(from_root) = target.strip_prefix('/') {
        return from_root.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}
