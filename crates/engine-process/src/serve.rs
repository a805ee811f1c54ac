//! The loop: one request after the other.

use std::{
    fs::File,
    io::BufReader,
    path::Path,
    sync::{Arc, mpsc::Receiver},
};

use llama_cpp_2::llama_backend::LlamaBackend;
use tandem_protocol::{Event, FrameError, Hello, Permit, Problem, Request, StatePart, read};

use crate::{
    backends, inbox, logs,
    model::{self, Opened},
    outbox::Outbox,
    sandbox,
    session::Session,
    stop::Stop,
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
    let confinement = sandbox::enter(permit.files.iter().map(Path::new));
    outbox.send(&confinement)?;
    logs::keep();
    backends::load(permit.plain);
    let backend = LlamaBackend::init()?;
    let stop = Stop::new();
    let inbox = inbox::open(input, &stop);

    // A session ends with the request that it can't serve itself.
    let mut next = inbox.recv().ok();
    while let Some(request) = next {
        next = match request {
            Request::Load(load) => match model::open(&backend, &load, &outbox) {
                Ok(opened) => converse(&opened, &inbox, &stop, &outbox)?,
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
    let failed = |job| {
        outbox.send(&Event::Failed {
            job,
            problem: Problem::NoModel,
        })
    };
    match request {
        Request::Devices => outbox.send(&Event::Devices(backends::devices())),
        Request::Generate(generate) => failed(generate.job),
        Request::Score(score) => failed(score.job),
        Request::Embed { job, .. } => failed(*job),
        Request::Count { .. } => outbox.send(&Event::Counted {
            messages: vec![],
            frame: 0,
            context: 0,
        }),
        Request::Save { conversation } => outbox.send(&Event::State(StatePart {
            conversation: *conversation,
            bytes: vec![],
            last: true,
        })),
        Request::Unload => outbox.send(&Event::Unloaded),
        Request::Load(_)
        | Request::Cancel { .. }
        | Request::Restore(_)
        | Request::Forget { .. } => Ok(()),
    }
}

/// Serves requests with a loaded model, and returns the one that ends its time.
fn converse(
    opened: &Opened,
    inbox: &Receiver<Request>,
    stop: &Arc<Stop>,
    outbox: &Outbox,
) -> Result<Option<Request>, FrameError> {
    let mut session = match Session::new(opened, stop) {
        Ok(session) => session,
        Err(refusal) => {
            outbox.send(&refusal)?;
            return Ok(inbox.recv().ok());
        }
    };
    outbox.send(&Event::Loaded(session.loaded()))?;
    while let Ok(request) = inbox.recv() {
        // The answer to one that ends this comes when the model is really gone.
        if let Some(last) = session.serve(request, outbox)? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}
