//! Decode with drafts over decode without, on a text that is rewritten.

use anyhow::Result;
use serde_json::json;
use tandem_conversation::{Drafts, Prompt};
use tandem_engine_client::{Engine, Model};
use tandem_tests::{
    ask::{self, QWEN, QWEN_LARGE, answer, question},
    figure::{Figure, rounded},
    programs, stats,
};

const CODE: &str = r#"
fn total_price(items: &[Item], customer: &Customer) -> Money {
    let mut total = Money::zero();
    for item in items {
        let mut price = item.price;
        if item.quantity > 10 {
            price = price * 0.9;
        }
        if customer.is_member() {
            price = price * 0.95;
        }
        total = total + price * item.quantity;
    }
    if total > Money::from_euros(100) {
        total = total - Money::from_euros(5);
    }
    total
}

fn print_invoice(items: &[Item], customer: &Customer) {
    println!("Invoice for {}", customer.name);
    for item in items {
        println!("{:>4} x {:<20} {:>10}", item.quantity, item.name, item.price);
    }
    println!("Total: {}", total_price(items, customer));
}
"#;

/// The rewrite task.
fn rewrite() -> Prompt {
    Prompt {
        max_tokens: Some(300),
        ..question(&format!(
            "Rename the variable `items` to `lines` in this Rust code and change nothing else. Answer with the whole code only.\n```rust{CODE}```"
        ))
    }
}

pub(crate) async fn lookup(rounds: usize) -> Result<()> {
    let engine = ask::engine(QWEN)?;
    let (ratios, raw) = compare(&engine, rounds, Drafts::Lookup, &rewrite()).await?;
    engine.stop().await?;
    let value = stats::lower_bound(&ratios);
    println!(
        "engine.lookup_speedup: {value:.3}, median {:.3}",
        stats::median(&ratios)
    );
    Figure {
        id: "engine.lookup_speedup",
        value: Some(value),
        unit: "",
        n: rounds,
        peer: json!(format!(
            "without drafts = 1; median {:.3}, {QWEN}",
            stats::median(&ratios)
        )),
        reason: None,
        raw: json!(raw),
    }
    .write()
}

/// The smaller model drafting for the larger one, on the rewrite and on a text of its own. Kept beside the figures.
pub(crate) async fn drafter(rounds: usize) -> Result<()> {
    let engine = ask::engine(QWEN_LARGE)?;
    engine.choose(&Model {
        drafter: Some(ask::model(QWEN)?.path),
        ..ask::model(QWEN_LARGE)?
    });
    let story = Prompt {
        max_tokens: Some(150),
        ..question("Write a Python class for a bank account with deposit, withdraw and a history.")
    };
    let mut told = vec![];
    for (name, prompt) in [("rewrite", rewrite()), ("new code", story)] {
        for drafts in [Drafts::Drafter, Drafts::Lookup] {
            let (ratios, raw) = compare(&engine, rounds, drafts, &prompt).await?;
            println!("{name}, {drafts:?}: {:.3}", stats::median(&ratios));
            told.push(json!({ "task": name, "drafts": format!("{drafts:?}"), "speedup": rounded(stats::median(&ratios)), "rounds": raw }));
        }
    }
    engine.stop().await?;
    let path = programs::root().join("docs/figures/raw/engine.drafter.json");
    Ok(std::fs::write(path, format!("{:#}\n", json!(told)))?)
}

async fn compare(
    engine: &Engine,
    rounds: usize,
    drafts: Drafts,
    prompt: &Prompt,
) -> Result<(Vec<f64>, Vec<serde_json::Value>)> {
    let (mut ratios, mut raw) = (vec![], vec![]);
    for round in 0..=rounds {
        let with = answer(
            engine,
            Prompt {
                drafts,
                ..prompt.clone()
            },
        )
        .await?;
        let without = answer(
            engine,
            Prompt {
                drafts: Drafts::None,
                ..prompt.clone()
            },
        )
        .await?;
        if round == 0 {
            continue;
        }
        println!(
            "  {:.1} / {:.1} tok/s, {} of {} drafted stood, {} tokens, the same text: {}",
            with.speed(),
            without.speed(),
            with.spent.accepted_tokens,
            with.spent.drafted_tokens,
            with.tokens.len(),
            with.text == without.text
        );
        ratios.push(with.speed() / without.speed());
        raw.push(json!({
            "with": rounded(with.speed()), "without": rounded(without.speed()), "tokens": with.tokens.len(),
            "drafted": with.spent.drafted_tokens, "accepted": with.spent.accepted_tokens, "same_text": with.text == without.text,
        }));
    }
    Ok((ratios, raw))
}
