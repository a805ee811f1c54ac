//! The loop: one request after the other.

use std::{fs::File, io::BufReader, path::Path, sync::mpsc::Receiver};

use llama_cpp_2::llama_backend::LlamaBackend;
use tandem_protocol::{Event, FrameError, Hello, Permit, Problem, Request, read};

use crate::{
    backends,
    generate::Session,
    inbox::{self, Cancelled},
    logs,
    model::{self, Opened},
    outbox::Outbox,
    sandbox,
};

/// Why the engine ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Stream(#[from] FrameError),
    #[error("the host speaks version {host} of the protocol, this engine version {engine}")]
    Version { host: u32, engine: u32 },
    #[error("llama.cpp can't be started: {0}")]
    Backend(#[from] llama_cpp_2::LlamaCppError),
}

/// Serves the host until its stream ends.
pub(crate) fn run(input: File, output: File) -> Result<(), ServeError> {
    let mut input = BufReader::new(input);
    let outbox = Outbox::new(output);
    let hello = Hello::new(concat!(env!("CARGO_PKG_VERSION"), ", llama-cpp-2 0.1.160"));
    outbox.send(&hello)?;
    let host: Hello = read(&mut input)?;
    if !host.fits() {
        return Err(ServeError::Version {
            host: host.version,
            engine: hello.version,
        });
    }
    let permit: Permit = read(&mut input)?;
    let confinement = sandbox::enter(permit.model.as_deref().map(Path::new));
    outbox.send(&confinement)?;
    logs::keep();
    backends::load();
    let backend = LlamaBackend::init()?;
    let (inbox, cancelled) = inbox::open(input);

    // A session ends with the request that it can't serve itself.
    let mut next = inbox.recv().ok();
    while let Some(request) = next {
        next = match request {
            Request::Load(load) => match model::open(&backend, &load, &outbox) {
                Ok(opened) => converse(&backend, &opened, &inbox, &cancelled, &outbox)?,
                Err(refusal) => {
                    outbox.send(&refusal)?;
                    inbox.recv().ok()
                }
            },
            other => {
                answer_without_model(&other, &outbox)?;
                inbox.recv().ok()
            }
        };
    }
    Ok(())
}

fn answer_without_model(request: &Request, outbox: &Outbox) -> Result<(), FrameError> {
    match request {
        Request::Devices => outbox.send(&Event::Devices(backends::devices())),
        Request::Generate(generate) => outbox.send(&Event::Failed {
            job: generate.job,
            problem: Problem::NoModel,
        }),
        Request::Unload => outbox.send(&Event::Unloaded),
        Request::Load(_) | Request::Cancel { .. } => Ok(()),
    }
}

/// Serves requests with a loaded model, and returns the one that ends its time.
fn converse(
    backend: &LlamaBackend,
    opened: &Opened,
    inbox: &Receiver<Request>,
    cancelled: &Cancelled,
    outbox: &Outbox,
) -> Result<Option<Request>, FrameError> {
    let mut session = match Session::new(backend, opened) {
        Ok(session) => session,
        Err(refusal) => {
            outbox.send(&refusal)?;
            return Ok(inbox.recv().ok());
        }
    };
    outbox.send(&Event::Loaded(session.loaded()))?;
    loop {
        match inbox.recv().ok() {
            Some(Request::Generate(job)) => session.generate(&job, cancelled, outbox)?,
            Some(Request::Devices) => outbox.send(&Event::Devices(backends::devices()))?,
            // Its answer comes when the model is really gone.
            request => return Ok(request),
        }
    }
}
