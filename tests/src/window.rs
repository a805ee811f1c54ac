//! The app in a real window, driven as a person would drive it, through its engine's own driver.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{desktop::Desktop, programs};

/// What an app on a loaded machine may take for one step.
const PATIENCE: Duration = Duration::from_secs(30);

/// The app's main window.
pub struct Window {
    page: Client,
    driver: Child,
}

impl Window {
    /// Starts the app on `desktop` and waits until it can be used.
    pub async fn open(desktop: &Desktop) -> Result<Self> {
        let port = free_port()?;
        let driver = desktop
            .command("WebKitWebDriver")
            .arg(format!("--port={port}"))
            // Tauri lets a page be driven only when it is told so.
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("WebKitWebDriver can't be started")?;
        let app = programs::find("tandem-app")?;
        let mut capabilities = Capabilities::new();
        capabilities.insert(
            "webkitgtk:browserOptions".into(),
            json!({ "binary": app, "args": [] }),
        );
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        let page = loop {
            match builder.connect(&address).await {
                Ok(page) => break page,
                // The driver needs a moment to listen.
                Err(_) if began.elapsed() < Duration::from_secs(5) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error).context("the app did not open"),
            }
        };
        let window = Self { page, driver };
        window.wait("html[data-ready=true]").await?;
        Ok(window)
    }

    /// The first element that `selector` finds, once it is there.
    pub async fn wait(&self, selector: &str) -> Result<Element> {
        let found = self
            .page
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(20))
            .for_element(Locator::Css(selector))
            .await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => {
                let page = self.texts("body").await?.join(" ");
                Err(error)
                    .with_context(|| format!("{selector} did not appear; the page says: {page}"))
            }
        }
    }

    /// The element that carries this test id, once it is there.
    pub async fn part(&self, id: &str) -> Result<Element> {
        self.wait(&part(id)).await
    }

    /// All elements that `selector` finds now.
    pub async fn all(&self, selector: &str) -> Result<Vec<Element>> {
        Ok(self.page.find_all(Locator::Css(selector)).await?)
    }

    /// The texts of all elements that `selector` finds now.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)";
        let texts = self.page.execute(script, vec![json!(selector)]).await?;
        Ok(serde_json::from_value(texts)?)
    }

    /// Clicks on the element that carries this test id.
    pub async fn click(&self, id: &str) -> Result<()> {
        Ok(self.part(id).await?.click().await?)
    }

    /// Makes the vault with the first page's own button, and puts the recovery phrase off.
    pub async fn begin(&self) -> Result<()> {
        self.click("onboarding-start").await?;
        self.click("phrase-later").await
    }

    /// Types into the element that carries this test id.
    pub async fn type_into(&self, id: &str, text: &str) -> Result<()> {
        Ok(self.part(id).await?.send_keys(text).await?)
    }

    /// Asks a question as a person does, types it and presses Enter, and waits until it is shown.
    pub async fn ask(&self, text: &str) -> Result<()> {
        let before = self.all("[data-role=user]").await?.len();
        self.type_into("composer", text).await?;
        self.type_into("composer", &char::from(Key::Enter).to_string())
            .await?;
        self.until(&format!(
            "return document.querySelectorAll('[data-role=user]').length > {before}"
        ))
        .await
    }

    /// Runs a script in the page; its `return` is the answer.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.page.execute(script, vec![]).await?)
    }

    /// Waits until `script` returns true.
    pub async fn until(&self, script: &str) -> Result<()> {
        let began = Instant::now();
        while self.script(script).await? != Value::Bool(true) {
            if began.elapsed() > PATIENCE {
                let page = self.texts("body").await?.join(" ");
                bail!("this did not become true: {script}\nthe page says: {page}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until the last answer has ended; its text.
    pub async fn answered(&self) -> Result<String> {
        self.until(
            "const all = document.querySelectorAll('[data-testid=message][data-role=assistant]');
             return all.length > 0 && all[all.length - 1].dataset.state !== 'streaming'
               && !document.querySelector('[data-testid=stop]')",
        )
        .await?;
        self.last_answer().await
    }

    /// The last answer's text so far.
    pub async fn last_answer(&self) -> Result<String> {
        let texts = self
            .texts("[data-testid=message][data-role=assistant] [data-testid=message-text]")
            .await?;
        texts.into_iter().next_back().context("there is no answer")
    }

    /// Quits the app as its person does, and waits until its process is gone.
    pub async fn quit(mut self) -> Result<()> {
        let app = self.process()?;
        // The app ends before it can answer.
        let _ = self
            .type_into("composer", &format!("{}q", char::from(Key::Control)))
            .await;
        let ended = wait_for_end(app).await;
        self.end();
        ended
    }

    /// Kills the app's process at once, as a crash or a power cut would.
    pub async fn kill(mut self) -> Result<()> {
        let app = self.process()?;
        kill(app)?;
        let ended = wait_for_end(app).await;
        self.end();
        ended
    }

    /// The number of the app's process: the driver's only child.
    pub fn process(&self) -> Result<u32> {
        let children = children(self.driver.id())?;
        children
            .into_iter()
            .next()
            .context("the app is not running")
    }

    fn end(&mut self) {
        // The session ended with its app; the driver holds nothing that is missed.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Ok(app) = self.process() {
            // One that ended meanwhile is as well.
            let _ = kill(app);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The selector of a test id.
pub fn part(id: &str) -> String {
    format!("[data-testid='{id}']")
}

/// The processes that `parent` started.
pub fn children(parent: u32) -> Result<Vec<u32>> {
    let mut all = vec![];
    // The kernel lists them by the thread that started them.
    for thread in std::fs::read_dir(format!("/proc/{parent}/task"))? {
        let text = std::fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        for child in text.split_whitespace() {
            all.push(child.parse()?);
        }
    }
    Ok(all)
}

/// Kills a process at once.
pub fn kill(process: u32) -> Result<()> {
    let process = rustix::process::Pid::from_raw(i32::try_from(process)?).context("no process")?;
    Ok(rustix::process::kill_process(
        process,
        rustix::process::Signal::KILL,
    )?)
}

async fn wait_for_end(process: u32) -> Result<()> {
    let began = Instant::now();
    while is_alive(process) {
        if began.elapsed() > PATIENCE {
            bail!("the app did not end");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Whether a process runs; one that ended and waits for its parent to notice does not.
pub fn is_alive(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        !state.starts_with('Z') && !state.starts_with('X')
    })
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}
