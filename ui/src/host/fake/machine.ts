import type { BenchView } from "../../bindings/BenchView";
import type { DoctorLine } from "../../bindings/DoctorLine";
import type { ModelCard } from "../../bindings/ModelCard";

export const SMALL: ModelCard = {
  id: "smollm2-135m-q4_1",
  name: "SmolLM2 135M",
  quantization: "Q4_1",
  bytes: 98_362_432,
  context: 8192,
  license: "Apache-2.0",
  embedded: true,
};

export const LARGER: ModelCard = {
  id: "qwen2.5-coder-0.5b-q4_k_m",
  name: "Qwen2.5 Coder 0.5B",
  quantization: "Q4_K_M",
  bytes: 491_400_064,
  context: 32768,
  license: "Apache-2.0",
  embedded: false,
};

export const REPORT: DoctorLine[] = [
  {
    topic: "Processor",
    outcome: "good",
    text: "8 cores, AVX2. The fastest matching variant is used.",
  },
  { topic: "Memory", outcome: "good", text: "11.2 of 16 GB are free; the model needs 0.3." },
  {
    topic: "Graphics",
    outcome: "note",
    text: "No usable graphics device. Answers come from the processor.",
  },
  { topic: "Keyring", outcome: "good", text: "The system keyring answers and holds the key." },
  {
    topic: "Sandbox",
    outcome: "bad",
    text: "Landlock is off in this kernel, so the engine runs without it.",
  },
];

export const SPEED: BenchView = {
  model: "SmolLM2 135M",
  device: "CPU",
  threads: 8,
  speeds: { prompt: 900, answer: 140 },
  before: null,
  daysAgo: null,
};
