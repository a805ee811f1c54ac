//! Conversations in several languages with the word frequencies and lengths of real ones, the same for the same seed.

use fastrand::Rng;

/// Words that are frequent in their language, the most frequent first; letters for those written without spaces.
const LANGUAGES: [(&str, Written); 10] = [
    (
        "the of and to a in is that it for you on with as are be this have from or by not but at can what all we if \
         there how will one would about which more use time make when your them some could these other than then now \
         only like over also into first new way because people work code file need error function value data server \
         number list question answer example water house meeting garden",
        Written::Words(40),
    ),
    (
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat \
         dass sie nach wird bei einer um am sind noch wie einem über einen so zum haben nur oder aber vor zur bis mehr \
         durch man dann größe straße können müssen schön Fehler Datei Beispiel Frage Antwort Garten",
        Written::Words(14),
    ),
    (
        "le de un être et à il avoir ne je son que se qui ce dans en du elle au pour pas vous par sur faire plus dire me \
         on mon lui nous comme mais pouvoir avec tout y aller voir bien où sans tu ou leur même très après déjà erreur",
        Written::Words(9),
    ),
    (
        "que de no a la el es y en lo un por qué me una te los se con para mi está si bien pero yo eso las sí su tu aquí \
         del al como le más esto ya todo esta vamos muy hay ahora algo estoy tengo mañana niño error archivo",
        Written::Words(9),
    ),
    (
        "и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой так же от вы для ты о год \
         как все мочь один сказать такой только ещё время когда если вопрос ответ пример",
        Written::Words(6),
    ),
    (
        "في من على أن إلى التي عن لا ما هذا هذه كان مع الذي قد كل بين بعد ذلك هو هي لم أو كما عند يوم سؤال مثال المدرسة",
        Written::Words(4),
    ),
    (
        "של את על לא הוא זה עם כל גם היא אני אם כי מה או יש אבל רק היה אל כמו יותר שלום שאלה דוגמה",
        Written::Words(3),
    ),
    (
        "のにはをたがでてとしれさいるあっなもこ日人大年本中出会東京生時学分間国行見前新話問題答例文字方今明天気",
        Written::Letters(6),
    ),
    (
        "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生北京学习问题回答例文",
        Written::Letters(6),
    ),
    (
        "이 그 저 것 수 나 우리 있다 하다 되다 같다 사람 학교에서 친구를 오늘 내일 질문 대답 예를 시간 문제 서울에 가다",
        Written::Words(3),
    ),
];

/// How a language is written, and of a hundred conversations how many are in it.
#[derive(Clone, Copy)]
enum Written {
    Words(u32),
    Letters(u32),
}

/// Syllables of words that are less frequent.
const SYLLABLES: [&str; 40] = [
    "ba", "con", "de", "ex", "for", "ga", "in", "ka", "lo", "ma", "ne", "pro", "re", "sta", "tra",
    "un", "ver", "wi", "za", "com", "dis", "ment", "tion", "ler", "son", "tic", "ly", "ing", "er",
    "al", "ist", "um", "or", "en", "is", "ster", "ra", "po", "mi", "fu",
];

/// A source of texts.
pub struct Corpus {
    random: Rng,
    frequent: Vec<Vec<String>>,
}

impl Corpus {
    /// The same texts for the same seed.
    pub fn new(seed: u64) -> Self {
        let frequent = LANGUAGES
            .iter()
            .map(|(words, written)| match written {
                Written::Words(_) => words.split_whitespace().map(ToOwned::to_owned).collect(),
                Written::Letters(_) => words.chars().map(String::from).collect(),
            })
            .collect();
        Self {
            random: Rng::with_seed(seed),
            frequent,
        }
    }

    /// A language, by how many conversations are in it.
    pub fn language(&mut self) -> usize {
        let mut drawn = self.random.u32(..100);
        for (at, (_, written)) in LANGUAGES.iter().enumerate() {
            let (Written::Words(share) | Written::Letters(share)) = *written;
            if drawn < share {
                return at;
            }
            drawn -= share;
        }
        0
    }

    /// A question, about a hundred characters long, or an answer, about six hundred.
    pub fn text(&mut self, language: usize, answer: bool) -> String {
        let middle = if answer { 420.0 } else { 65.0 };
        // Most are short and a few are very long.
        let length = middle * (0.9 * self.bell()).exp();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and cut"
        )]
        let length = length.clamp(8.0, 20_000.0) as usize;
        let spaced = matches!(LANGUAGES[language].1, Written::Words(_));
        let mut text = String::with_capacity(length + 16);
        let mut words = 0;
        while text.len() < length {
            let word = self.word(language);
            text.push_str(&word);
            words += 1;
            match (words % 11 == 0, spaced) {
                (true, true) => text.push_str(". "),
                (true, false) => text.push('。'),
                (false, true) => text.push(' '),
                (false, false) => {}
            }
        }
        text
    }

    /// A word by Zipf's law: of those listed, or, as often as in real texts, a rarer one.
    fn word(&mut self, language: usize) -> String {
        let listed = self.frequent[language].len();
        let rank = self.zipf(40_000);
        if rank < listed {
            return self.frequent[language][rank].clone();
        }
        if let Written::Letters(_) = LANGUAGES[language].1 {
            let offset = u32::try_from(rank % 3_000).unwrap_or_default();
            return char::from_u32(0x4e00 + offset * 5)
                .unwrap_or('一')
                .to_string();
        }
        rare_word(rank)
    }

    fn zipf(&mut self, most: usize) -> usize {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank below 40,000"
        )]
        let rank = ((most as f64).powf(self.random.f64()) - 1.0) as usize;
        rank
    }

    /// Normal with mean 0 and deviation 1, about.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.random.f64()).sum::<f64>() - 6.0
    }
}

/// The word of that rank; the higher, the rarer.
pub fn rare_word(rank: usize) -> String {
    let count = SYLLABLES.len();
    let mut rest = rank.wrapping_mul(7919);
    let mut word = String::new();
    for _ in 0..2 + rank % 3 {
        word.push_str(SYLLABLES[rest % count]);
        rest /= count;
        rest = rest.wrapping_add(rank);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_texts() {
        let texts = |seed| {
            let mut corpus = Corpus::new(seed);
            (0..20)
                .map(|at| {
                    let language = corpus.language();
                    corpus.text(language, at % 2 == 1)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
    }
}
