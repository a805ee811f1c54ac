//! The doctor: what this machine has, what of it is used, and what doesn't work, in plain words.

use tandem_engine_client::{Confinement, DeviceKind, GivenUp, Report};
use tandem_models::verify;
use tandem_vault::versions;

use crate::{
    assistant::Assistant,
    failure, gate, library,
    wire::{DoctorLine, Keyring, Outcome, VaultState},
};

/// Looks at everything.
pub(crate) async fn examine(assistant: &Assistant) -> Vec<DoctorLine> {
    let mut lines = vec![line(
        "Tandem",
        Outcome::Good,
        format!("version {}", env!("CARGO_PKG_VERSION")),
    )];
    engine(assistant, &mut lines).await;
    model(assistant, &mut lines).await;
    keyring(&mut lines).await;
    vault(assistant, &mut lines).await;
    lines.push(line(
        "Data",
        Outcome::Good,
        format!("kept in {}", assistant.paths.data().display()),
    ));
    lines
}

async fn engine(assistant: &Assistant, lines: &mut Vec<DoctorLine>) {
    let Report {
        devices,
        build,
        confinement,
    } = match assistant.engine.devices().await {
        Ok(report) => report,
        Err(error) => {
            lines.push(line("Engine", Outcome::Bad, failure::sentence(error)));
            return;
        }
    };
    lines.push(line(
        "Engine",
        Outcome::Good,
        format!("answers; build {build}"),
    ));
    lines.push(sandbox(confinement));
    for device in &devices {
        let memory = if device.memory_total > 0 {
            format!(
                ", {} of {} free",
                gib(device.memory_free),
                gib(device.memory_total)
            )
        } else {
            String::new()
        };
        let text = format!(
            "{}: {} ({}{memory})",
            device.name,
            device.description.trim(),
            device.backend
        );
        lines.push(line("Device", Outcome::Good, text));
    }
    if !devices
        .iter()
        .any(|device| matches!(device.kind, DeviceKind::Gpu | DeviceKind::IntegratedGpu))
    {
        let text = "no graphics device that can compute was found: the processor does it all. With one, a current \
                    Vulkan driver would make answers faster; without one, a smaller model does.";
        lines.push(line("Graphics", Outcome::Note, text.into()));
    }
}

async fn model(assistant: &Assistant, lines: &mut Vec<DoctorLine>) {
    match library::embedded_file() {
        None => lines.push(line(
            "Model",
            Outcome::Bad,
            "the model that comes with Tandem is not there. Install Tandem again, or add a model in the settings.".into(),
        )),
        Some((entry, path)) => {
            let name = entry.name.clone();
            let checked = tokio::task::spawn_blocking(move || verify(&path, &entry)).await;
            lines.push(match checked {
                Ok(Ok(())) => line("Model", Outcome::Good, format!("{name} is whole")),
                Ok(Err(error)) => line("Model", Outcome::Bad, format!("{error}. Install Tandem again.")),
                Err(error) => line("Model", Outcome::Bad, error.to_string()),
            });
        }
    }
    // Loading is what shows where a model runs: it is waited for.
    let loaded = assistant.engine.warm().await;
    lines.push(match loaded {
        Ok(ready) => {
            let place = if ready.gpu_layers >= ready.layers && ready.gpu_layers > 0 {
                format!("all {} layers on {}", ready.layers, ready.device)
            } else if ready.gpu_layers > 0 {
                format!(
                    "{} of {} layers on {}, as many as fit its free memory (a smaller quantization, or graphics memory \
                     that other programs free, would make it faster)",
                    ready.gpu_layers, ready.layers, ready.device
                )
            } else {
                format!(
                    "on the processor, {} threads, fewer beside busy programs",
                    ready.threads
                )
            };
            let text = format!(
                "loaded in {} ms, {place}, {} tokens of context",
                ready.load_ms, ready.context
            );
            let without: Vec<_> = ready.given_up.iter().map(|what| given_up(*what)).collect();
            if without.is_empty() {
                line("In use", Outcome::Good, text)
            } else {
                let text = format!(
                    "{text}. After a failure it does without {}; choosing the model again tries all of it anew.",
                    without.join(" and ")
                );
                line("In use", Outcome::Note, text)
            }
        }
        Err(error) => line("In use", Outcome::Bad, failure::sentence(error)),
    });
}

async fn keyring(lines: &mut Vec<DoctorLine>) {
    lines.push(match gate::keyring().await {
        Keyring::Ready => line(
            "Keyring",
            Outcome::Good,
            "the system's keyring answers".into(),
        ),
        Keyring::Missing { message } => line("Keyring", Outcome::Note, message),
    });
}

async fn vault(assistant: &Assistant, lines: &mut Vec<DoctorLine>) {
    match versions().await {
        Ok(versions) => {
            let text = format!(
                "SQLCipher {} on SQLite {}",
                versions.sqlcipher, versions.sqlite
            );
            lines.push(line("Store", Outcome::Good, text));
        }
        Err(error) => lines.push(line("Store", Outcome::Bad, error.to_string())),
    }
    let (outcome, text) = match assistant.state().vault {
        VaultState::New { .. } => (
            Outcome::Note,
            "not made yet: the first start asks how to protect it".to_owned(),
        ),
        VaultState::Locked => (Outcome::Note, "locked: its passphrase opens it".to_owned()),
        VaultState::Trouble { failure } => (Outcome::Bad, failure.message),
        VaultState::Open => match assistant.vault() {
            Ok(vault) => match vault.verify().await {
                Ok(()) => (
                    Outcome::Good,
                    "open, every page of it sound and encrypted".to_owned(),
                ),
                Err(error) => (Outcome::Bad, error.to_string()),
            },
            Err(failure) => (Outcome::Bad, failure.message),
        },
    };
    lines.push(line("Vault", outcome, text));
}

fn sandbox(confinement: Confinement) -> DoctorLine {
    let keeps = match (confinement.files, confinement.writes) {
        (true, _) => "reads its model and no other file of yours and changes none",
        (false, true) => "changes no file of yours, but could read them",
        (false, false) => "is a process of its own, but could read and change your files",
    };
    let network = if confinement.network {
        "It reaches neither the network nor another program."
    } else {
        "This system doesn't keep it from the network."
    };
    let whole = confinement.files && confinement.network;
    let advice = if whole {
        ""
    } else if cfg!(target_os = "linux") {
        " A newer kernel would keep it in; use models of publishers you trust."
    } else {
        " Use models of publishers you trust."
    };
    let untried = if cfg!(target_os = "linux") {
        ""
    } else {
        " This was written for your system, but not tried on one yet."
    };
    line(
        "Sandbox",
        if whole { Outcome::Good } else { Outcome::Note },
        format!("the engine {keeps}. {network}{advice}{untried}"),
    )
}

fn given_up(what: GivenUp) -> &'static str {
    match what {
        GivenUp::Instructions => "the processor's special instructions",
        GivenUp::GraphicsMemory => "a part of the graphics memory",
        GivenUp::Graphics => "graphics",
        GivenUp::Context => "a part of its context",
    }
}

fn line(topic: &str, outcome: Outcome, text: String) -> DoctorLine {
    DoctorLine {
        topic: topic.into(),
        outcome,
        text,
    }
}

fn gib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal of a size")]
    let gib = bytes as f64 / f64::from(1 << 30);
    format!("{gib:.1} GiB")
}
