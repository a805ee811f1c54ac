//! llama-server as a peer: started, asked over its own HTTP interface, ended.

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

type Body = Full<hyper::body::Bytes>;

/// A running llama-server. Dropping it ends it.
pub struct Server {
    child: Child,
    address: String,
    client: Client<HttpConnector, Body>,
}

/// What a streamed answer was like.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// From the request to the first token.
    pub first: Duration,
    /// Tokens a second after the first one.
    pub speed: f64,
}

impl Server {
    /// Starts it with a model, two threads, one slot.
    pub async fn start(model: &Path, context: u32) -> Result<Self> {
        let programs = env::var_os("TANDEM_PEER")
            .context("TANDEM_PEER is not set: use `cargo xtask bench`")?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(Path::new(&programs).join("llama-server"))
            .arg("-m")
            .arg(model)
            .args(["-c", &context.to_string(), "-t", "2", "-np", "1"])
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("llama-server can't be started")?;
        let server = Self {
            child,
            address: format!("http://127.0.0.1:{port}"),
            // A connection that waits is closed by the server before it is used again.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
        };
        let began = Instant::now();
        while !server.is_ready().await {
            ensure!(
                began.elapsed() < Duration::from_mins(1),
                "llama-server did not come up"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }

    async fn is_ready(&self) -> bool {
        let Ok(address) = format!("{}/health", self.address).parse() else {
            return false;
        };
        self.client
            .get(address)
            .await
            .is_ok_and(|reply| reply.status().is_success())
    }

    /// Asks for `tokens` tokens after `messages` (pairs of role and text), with the product's own sampling.
    pub async fn ask(&self, messages: &[(&str, &str)], tokens: u32) -> Result<Stream> {
        let messages: Vec<_> = messages
            .iter()
            .map(|(role, text)| json!({ "role": role, "content": text }))
            .collect();
        let body = json!({
            "messages": messages, "max_tokens": tokens, "stream": true, "ignore_eos": true,
            "temperature": 0.3, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.1,
            "cache_prompt": true,
        });
        let request = hyper::Request::post(format!("{}/v1/chat/completions", self.address))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))?;
        let began = Instant::now();
        let mut reply = self.client.request(request).await?;
        ensure!(
            reply.status().is_success(),
            "llama-server refused: {}",
            reply.status()
        );
        let (mut first, mut last, mut count) = (None, began, 0u32);
        let mut line = String::new();
        while let Some(frame) = reply.body_mut().frame().await {
            let Ok(bytes) = frame?.into_data() else {
                continue;
            };
            line.push_str(&String::from_utf8_lossy(&bytes));
            while let Some((event, rest)) = line.split_once('\n') {
                if is_text(event) {
                    last = Instant::now();
                    first.get_or_insert(last);
                    count += 1;
                }
                line = rest.to_owned();
            }
        }
        let Some(first) = first else {
            bail!("llama-server said nothing")
        };
        let speed = f64::from(count.saturating_sub(1)) / (last - first).as_secs_f64().max(1e-9);
        Ok(Stream {
            first: first - began,
            speed,
        })
    }
}

fn is_text(event: &str) -> bool {
    event
        .strip_prefix("data: ")
        .and_then(|data| serde_json::from_str::<Value>(data).ok())
        .is_some_and(|event| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        })
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that ended already needs nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
