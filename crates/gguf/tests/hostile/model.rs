//! Little models, sound unless told otherwise. The fuzz targets begin with them as well.

/// A file in the making.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) version: u32,
    pub(crate) keys: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) alignment: usize,
}

#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: Vec<u8>,
    pub(crate) dimensions: Vec<u64>,
    pub(crate) kind: u32,
    /// Instead of the right one.
    pub(crate) offset: Option<u64>,
    pub(crate) bytes: usize,
}

impl Model {
    /// One key that says what it is and one tensor of 32 floats.
    pub(crate) fn least(architecture: &str) -> Self {
        Self {
            version: 3,
            keys: vec![],
            tensors: vec![],
            alignment: 32,
        }
        .with("general.architecture", text(architecture))
        .weigh("w", &[32], 0, 128)
    }

    /// What a model of this architecture says of itself, with a vocabulary and a template.
    pub(crate) fn whole(architecture: &str) -> Self {
        let tokens = ["<s>", "</s>", "<0x0A>", "a", "b", "ab", "", "<|im_end|>"];
        let mut model = Self::least(architecture);
        for (name, value) in [
            ("block_count", u32(2)),
            ("context_length", u32(64)),
            ("embedding_length", u32(32)),
            ("feed_forward_length", u32(64)),
            ("attention.head_count", u32(4)),
            ("attention.head_count_kv", u32(2)),
            ("attention.layer_norm_rms_epsilon", f32(1e-5)),
            ("rope.dimension_count", u32(8)),
            ("rope.freq_base", f32(10_000.0)),
            ("vocab_size", u32(8)),
        ] {
            model = model.with(&format!("{architecture}.{name}"), value);
        }
        model
            .with("tokenizer.ggml.model", text("gpt2"))
            .with("tokenizer.ggml.tokens", texts(&tokens))
            .with("tokenizer.ggml.scores", list(6, 8, &[0; 32]))
            .with("tokenizer.ggml.token_type", list(5, 8, &[1; 32]))
            .with("tokenizer.ggml.merges", texts(&["a b"]))
            .with("tokenizer.ggml.bos_token_id", u32(0))
            .with("tokenizer.ggml.eos_token_id", u32(1))
            .with("tokenizer.ggml.add_bos_token", value(7, &[1]))
            .with("tokenizer.chat_template", text(TEMPLATE))
            .weigh("token_embd.weight", &[32, 8], 8, 8 * 34)
            .weigh("blk.0.attn_q.weight", &[32, 32], 2, 32 * 18)
    }

    /// With this value under `key`, in place of one that is there.
    pub(crate) fn with(mut self, key: &str, value: Vec<u8>) -> Self {
        match self
            .keys
            .iter_mut()
            .find(|(name, _)| name == key.as_bytes())
        {
            Some((_, old)) => *old = value,
            None => self.keys.push((key.into(), value)),
        }
        self
    }

    pub(crate) fn weigh(self, name: &str, dimensions: &[u64], kind: u32, bytes: usize) -> Self {
        self.tensor(Tensor {
            name: name.into(),
            dimensions: dimensions.into(),
            kind,
            offset: None,
            bytes,
        })
    }

    pub(crate) fn tensor(mut self, tensor: Tensor) -> Self {
        self.tensors.push(tensor);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.keys.len() as u64).to_le_bytes());
        for (key, value) in &self.keys {
            string(&mut file, key);
            file.extend(value);
        }
        let mut data = 0;
        for tensor in &self.tensors {
            string(&mut file, &tensor.name);
            file.extend(&tensor.dimensions.len().to_le_bytes()[..4]);
            for size in &tensor.dimensions {
                file.extend(size.to_le_bytes());
            }
            file.extend(tensor.kind.to_le_bytes());
            file.extend(tensor.offset.unwrap_or(data as u64).to_le_bytes());
            data += tensor.bytes.next_multiple_of(self.alignment);
        }
        file.resize(file.len().next_multiple_of(self.alignment) + data, 0);
        file
    }
}

const TEMPLATE: &str =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] }}{% endfor %}";

/// Sound models in several shapes.
pub(crate) fn shapes() -> Vec<Model> {
    let mut old = Model::least("gpt2");
    old.version = 2;
    let mut wide = Model::whole("qwen2").with("general.alignment", u32(64));
    wide.alignment = 64;
    vec![
        Model::least("llama"),
        old,
        wide,
        Model::whole("llama"),
        Model::whole("qwen3moe")
            .with("qwen3moe.expert_count", u32(8))
            .with("qwen3moe.expert_used_count", u32(2))
            .with("qwen3moe.expert_group_count", u32(2))
            .with("qwen3moe.expert_group_used_count", u32(1)),
        Model::whole("deci")
            .with("deci.attention.head_count", numbers(&[4, 0]))
            .with("deci.attention.head_count_kv", numbers(&[2, 0]))
            .with("deci.feed_forward_length", numbers(&[64, 32])),
        Model::whole("mamba")
            .with("mamba.attention.head_count", u32(0))
            .with("mamba.attention.head_count_kv", u32(0)),
        Model::least("plamo2").with("plamo2.ssm.group_count", u32(0)),
        // An adapter; as a model it could not be loaded, but nothing in its header is wrong.
        Model::least("llama")
            .with("general.type", text("adapter"))
            .with("adapter.type", text("lora"))
            .with("adapter.lora.alpha", f32(8.0))
            .weigh("x.lora_a", &[32, 4], 0, 512)
            .weigh("x.lora_b", &[4, 32], 0, 512),
        // As some converters write that there is none, and what llama.cpp leaves out by itself.
        Model::whole("gemma3")
            .with("gemma3.pooling_type", u32(u32::MAX))
            .with("gemma3.rope.scaling.type", text("yarn"))
            .with("tokenizer.ggml.bos_token_id", u32(u32::MAX))
            .with("tokenizer.ggml.padding_token_id", u32(99)),
    ]
}

fn string(file: &mut Vec<u8>, text: &[u8]) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text);
}

/// A value of this kind.
pub(crate) fn value(kind: u32, bytes: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), bytes].concat()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut bytes = 8u32.to_le_bytes().to_vec();
    string(&mut bytes, text.as_bytes());
    bytes
}

pub(crate) fn u32(number: u32) -> Vec<u8> {
    value(4, &number.to_le_bytes())
}

pub(crate) fn f32(number: f32) -> Vec<u8> {
    value(6, &number.to_le_bytes())
}

/// An array that says it has `count` elements.
pub(crate) fn list(kind: u32, count: u64, elements: &[u8]) -> Vec<u8> {
    value(
        9,
        &[&kind.to_le_bytes()[..], &count.to_le_bytes(), elements].concat(),
    )
}

pub(crate) fn numbers(numbers: &[u32]) -> Vec<u8> {
    let elements: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    list(4, numbers.len() as u64, &elements)
}

pub(crate) fn texts<T: AsRef<[u8]>>(texts: &[T]) -> Vec<u8> {
    let mut elements = vec![];
    for text in texts {
        string(&mut elements, text.as_ref());
    }
    list(8, texts.len() as u64, &elements)
}
