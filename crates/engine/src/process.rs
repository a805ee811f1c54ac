//! One engine process: started from a thread that lives as long as it, heard and spoken to in frames.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use tandem_protocol::{
    Confinement, Event, FrameError, Hello, Permit, Request, VERSION, read, write,
};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    time::timeout,
};

use crate::{Death, EngineError};

/// Lines of its standard error that tell why it ended.
const LAST_WORDS: usize = 20;
/// For a conversation's state to go through the pipe.
const DELIVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// A running engine. Dropping it ends the process.
pub(crate) struct Process {
    child: Arc<Mutex<Child>>,
    stdin: Arc<Mutex<ChildStdin>>,
    events: UnboundedReceiver<Result<Event, Death>>,
    greeting: Greeting,
    #[cfg(windows)]
    _job: win32job::Job,
}

/// What an engine says of itself at the start.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    pub build: String,
    pub confinement: Confinement,
}

struct Started {
    child: Arc<Mutex<Child>>,
    stdin: ChildStdin,
    greeting: Greeting,
}

impl Process {
    /// Starts the program and shakes hands. It may read the file that `permit` names, and no other.
    pub(crate) async fn start(program: &Path, permit: Permit) -> Result<Self, EngineError> {
        let (events_in, events) = unbounded_channel();
        let (started_in, started) = oneshot::channel();
        let program = program.to_owned();
        // Linux ends the engine when the *thread* that started it ends: this one waits for the engine.
        thread::Builder::new()
            .name("engine-warden".into())
            .spawn(move || guard(&program, &permit, started_in, &events_in))?;
        let started = started
            .await
            .map_err(|_| EngineError::Start("its thread ended".into()))??;
        Ok(Self {
            #[cfg(windows)]
            _job: tie(&started.child)?,
            child: started.child,
            stdin: Arc::new(Mutex::new(started.stdin)),
            events,
            greeting: started.greeting,
        })
    }

    /// Sends a request. That the engine is gone is told by [`Self::event`].
    pub(crate) fn send(&mut self, request: &Request) {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write(&mut *stdin, request) {
            tracing::debug!(%error, "the engine doesn't take a request");
        }
    }

    /// Sends what fills the pipe many times over, off the async threads. An engine that doesn't take it hangs.
    pub(crate) async fn deliver(&mut self, requests: Vec<Request>) -> Result<(), EngineError> {
        let stdin = Arc::clone(&self.stdin);
        let sent = tokio::task::spawn_blocking(move || {
            let mut stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner);
            requests
                .iter()
                .try_for_each(|request| write(&mut *stdin, request))
        });
        match timeout(DELIVERY, sent).await {
            // That the engine is gone is told by `event`.
            Ok(_) => Ok(()),
            Err(_) => {
                self.end();
                Err(EngineError::Hung)
            }
        }
    }

    fn end(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = child.kill() {
            tracing::debug!(%error, "the engine had ended already");
        }
    }

    /// The next event, or how the process ended.
    pub(crate) async fn event(&mut self) -> Result<Event, EngineError> {
        match self.events.recv().await {
            Some(Ok(event)) => Ok(event),
            Some(Err(death)) => Err(EngineError::Died(death)),
            None => Err(EngineError::Died(Death::Unknown)),
        }
    }

    /// Whether the process ended while nobody asked anything of it.
    pub(crate) fn is_dead(&mut self) -> bool {
        matches!(
            self.child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_wait(),
            Ok(Some(_)) | Err(_)
        )
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .id()
    }

    /// What it said of itself.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The life of the thread: start, shake hands, pass events on, tell the end.
fn guard(
    program: &Path,
    permit: &Permit,
    started: oneshot::Sender<Result<Started, EngineError>>,
    events: &UnboundedSender<Result<Event, Death>>,
) {
    let (child, mut stdout, last_words) = match start(program) {
        Ok((child, stdin, mut stdout, last_words)) => {
            let child = Arc::new(Mutex::new(child));
            match shake_hands(permit, stdin, &mut stdout) {
                Ok((stdin, greeting)) => {
                    let told = started.send(Ok(Started {
                        child: Arc::clone(&child),
                        stdin,
                        greeting,
                    }));
                    drop(told);
                    (child, stdout, last_words)
                }
                Err(error) => {
                    let error = match error {
                        // A process that died before it said a word says how it died.
                        EngineError::Start(_) => EngineError::Died(bury(&child, last_words)),
                        other => {
                            bury(&child, last_words);
                            other
                        }
                    };
                    let told = started.send(Err(error));
                    drop(told);
                    return;
                }
            }
        }
        Err(error) => {
            let told = started.send(Err(error));
            drop(told);
            return;
        }
    };
    loop {
        match read::<Event>(&mut stdout) {
            Ok(event) => {
                if events.send(Ok(event)).is_err() {
                    break;
                }
            }
            Err(FrameError::Closed | FrameError::Io(_)) => break,
            Err(error) => {
                tracing::warn!(%error, "the engine doesn't speak the protocol");
                break;
            }
        }
    }
    // Whoever waited is told; that nobody does any more is as good.
    let _ = events.send(Err(bury(&child, last_words)));
}

type Spawned = (
    Child,
    ChildStdin,
    BufReader<std::process::ChildStdout>,
    JoinHandle<String>,
);

fn start(program: &Path) -> Result<Spawned, EngineError> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // It may write nowhere: graphics drivers needn't try to keep what they compiled.
        .env("MESA_SHADER_CACHE_DISABLE", "true")
        .env("__GL_SHADER_DISK_CACHE", "0")
        .spawn()
        .map_err(|error| EngineError::Start(format!("{}: {error}", program.display())))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(EngineError::Start("it has no streams".into()));
    };
    // Drivers and llama.cpp print there; nothing of it is content.
    let last_words = thread::spawn(move || {
        let mut last = VecDeque::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            tracing::debug!(target: "tandem_engine", "{line}");
            last.push_back(line);
            if last.len() > LAST_WORDS {
                last.pop_front();
            }
        }
        Vec::from(last).join("\n")
    });
    Ok((child, stdin, BufReader::new(stdout), last_words))
}

fn shake_hands(
    permit: &Permit,
    mut stdin: ChildStdin,
    stdout: &mut BufReader<std::process::ChildStdout>,
) -> Result<(ChildStdin, Greeting), EngineError> {
    let gone = |error: FrameError| EngineError::Start(error.to_string());
    let hello: Hello = read(stdout).map_err(gone)?;
    if !hello.fits() {
        return Err(EngineError::Version(format!(
            "{}, wanted {VERSION}",
            hello.version
        )));
    }
    write(&mut stdin, &Hello::new(env!("CARGO_PKG_VERSION"))).map_err(gone)?;
    write(&mut stdin, permit).map_err(gone)?;
    let confinement: Confinement = read(stdout).map_err(gone)?;
    let greeting = Greeting {
        build: hello.build,
        confinement,
    };
    Ok((stdin, greeting))
}

/// Waits for the end of a process that has closed its output, and doesn't let it linger.
fn bury(child: &Mutex<Child>, last_words: JoinHandle<String>) -> Death {
    let death = wait(&mut child.lock().unwrap_or_else(PoisonError::into_inner));
    // A process that is gone says no more: its last words are whole.
    last_words
        .join()
        .map_or(death, |words| death.explained_by(&words))
}

fn wait(child: &mut Child) -> Death {
    // A dying process closes its output a moment before it can be waited for: it is given that moment, so that
    // how it died can be told from our own kill.
    for _ in 0..50 {
        match child.try_wait() {
            Ok(Some(status)) => return Death::of(status),
            Ok(None) => thread::sleep(std::time::Duration::from_millis(10)),
            Err(_) => break,
        }
    }
    if child.kill().is_err() {
        return Death::Unknown;
    }
    child.wait().map_or(Death::Unknown, Death::of)
}

/// A job object that ends the engine with the host.
#[cfg(windows)]
fn tie(child: &Mutex<Child>) -> Result<win32job::Job, EngineError> {
    use std::os::windows::io::AsRawHandle;
    let fail = |error: win32job::JobError| EngineError::Start(error.to_string());
    let mut limits = win32job::ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    let job = win32job::Job::create_with_limit_info(&limits).map_err(fail)?;
    let handle = child
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_raw_handle();
    job.assign_process(handle as isize).map_err(fail)?;
    Ok(job)
}
