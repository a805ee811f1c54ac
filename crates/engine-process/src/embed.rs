//! Texts as vectors: what is near in meaning is near in space.

use std::sync::Arc;

use tandem_protocol::Problem;

use crate::{
    context::{Context, Settings, Wanted},
    model::{BATCH, Opened},
    prompt,
    stop::Stop,
};

/// A vector of length 1 for each text. Texts longer than a batch are cut. `alive` hears of each one, and ends it with
/// `false`.
pub(crate) fn of(
    opened: &Opened,
    texts: &[String],
    stop: &Arc<Stop>,
    alive: impl Fn() -> bool,
) -> Result<Vec<Vec<f32>>, Problem> {
    let settings = Settings {
        context: BATCH,
        embeddings: true,
        ..opened.settings()
    };
    let mut context =
        Context::new(&opened.model, settings, Arc::clone(stop)).ok_or(Problem::OutOfMemory)?;
    texts
        .iter()
        .map(|text| {
            if !alive() {
                return Err(Problem::Compute("nobody listens".to_owned()));
            }
            vector(opened, &mut context, text)
        })
        .collect()
}

fn vector(opened: &Opened, context: &mut Context<'_>, text: &str) -> Result<Vec<f32>, Problem> {
    let mut tokens = prompt::content(&opened.model, text);
    let vocabulary = opened.model.vocab();
    if vocabulary.should_add_bos() && vocabulary.bos().0 >= 0 {
        tokens.insert(0, vocabulary.bos());
    }
    if tokens.is_empty() {
        tokens.push(vocabulary.eos());
    }
    tokens.truncate(context.size() as usize);
    context.clear();
    context
        .compute(&tokens, Wanted::All)
        .map_err(|error| Problem::Compute(error.to_string()))?;
    let vector = context
        .vector()
        .ok_or_else(|| Problem::Compute("the model makes no vectors".to_owned()))?;
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    Ok(vector
        .iter()
        .map(|x| if length > 0.0 { x / length } else { 0.0 })
        .collect())
}
