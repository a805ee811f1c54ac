//! Search finds what was said, and no input breaks it.

use proptest::prelude::*;
use rstest::rstest;
use tandem_conversation::{Message, MessageState};
use tandem_vault::{Search, Vault};

use crate::support::{answer, conversation, message_id, one_conversation, question};

async fn found(vault: &Vault, query: &str) -> Vec<u128> {
    let hits = vault.search(query, 50).await.unwrap();
    let number = |id: tandem_conversation::MessageId| id.0.as_u128() - message_id(0).0.as_u128();
    hits.into_iter()
        .map(|hit| hit.message.map_or(0, number))
        .collect()
}

#[tokio::test]
async fn words_are_found_without_case_or_accents_and_while_they_are_typed() {
    let (_home, vault, id) = one_conversation().await;
    vault
        .append(&question(1, id, "Der Bär frißt Crème brûlée."))
        .await
        .unwrap();
    vault
        .append(&question(2, id, "Bears eat berries"))
        .await
        .unwrap();
    assert_eq!(found(&vault, "BAR").await, [1]);
    assert_eq!(found(&vault, "creme brulee").await, [1]);
    assert_eq!(found(&vault, "be").await, [2]);
    assert_eq!(found(&vault, "be eat").await, []);
    assert_eq!(found(&vault, "eat be").await, [2]);
    assert_eq!(found(&vault, "eat creme").await, []);
}

#[tokio::test]
async fn the_snippet_shows_what_matched() {
    let (_home, vault, id) = one_conversation().await;
    vault.rename(id, "Birds").await.unwrap();
    vault
        .append(&question(1, id, "One \u{2}swallow\u{3} makes no summer"))
        .await
        .unwrap();
    let hits = vault.search("swal no", 5).await.unwrap();
    assert_eq!(hits.len(), 0);
    let hits = vault.search("no swal", 5).await.unwrap();
    let highlighted: Vec<&str> = hits[0]
        .snippet
        .iter()
        .filter(|(_, on)| *on)
        .map(|(text, _)| text.as_str())
        .collect();
    assert_eq!(highlighted, ["swallow", "no"]);
    let text: String = hits[0]
        .snippet
        .iter()
        .map(|(text, _)| text.as_str())
        .collect();
    assert_eq!(text, "One swallow makes no summer");
    assert_eq!(
        (
            hits[0].title.as_str(),
            hits[0].conversation,
            hits[0].created_ms
        ),
        ("Birds", id, 1_001)
    );
}

#[tokio::test]
async fn titles_are_found_and_a_new_title_replaces_the_old() {
    let (_home, vault, id) = one_conversation().await;
    vault.rename(id, "Holiday plans").await.unwrap();
    vault
        .append(&question(
            1,
            id,
            "We could plan a trip on our next holiday, or on the holiday after",
        ))
        .await
        .unwrap();
    assert_eq!(found(&vault, "holiday").await, [0, 1]);
    vault.rename(id, "Travel").await.unwrap();
    assert_eq!(found(&vault, "holiday").await, [1]);
    let hits = vault.search("trav", 5).await.unwrap();
    assert_eq!(hits[0].snippet, [("Travel".to_owned(), true)]);
    assert_eq!(hits[0].message, None);
}

#[tokio::test]
async fn an_answer_is_found_when_it_has_ended_and_not_before() {
    let (_home, vault, id) = one_conversation().await;
    let asked = question(1, id, "a");
    vault.append(&asked).await.unwrap();
    vault.append(&answer(2, &asked)).await.unwrap();
    vault.checkpoint(message_id(2), "kingfisher").await.unwrap();
    assert_eq!(found(&vault, "kingfisher").await, []);
    vault
        .finish(message_id(2), "heron", MessageState::Stopped, None)
        .await
        .unwrap();
    assert_eq!(found(&vault, "kingfisher").await, []);
    assert_eq!(found(&vault, "heron").await, [2]);
    vault.delete_conversation(id).await.unwrap();
    assert_eq!(found(&vault, "heron").await, []);
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn the_better_match_comes_first_and_the_limit_holds() {
    let (_home, vault, id) = one_conversation().await;
    let long = "word ".repeat(300);
    for number in 1..=20 {
        vault
            .append(&question(number, id, &format!("{long} puffin")))
            .await
            .unwrap();
    }
    vault
        .append(&question(21, id, "puffin puffin"))
        .await
        .unwrap();
    let found = found(&vault, "puffin").await;
    assert_eq!((found[0], found.len()), (21, 21));
    assert_eq!(vault.search("puffin", 3).await.unwrap().len(), 3);
    assert_eq!(vault.search("puffin", 0).await.unwrap().len(), 0);
}

#[rstest]
#[case("")]
#[case(" ")]
#[case("\"")]
#[case("\"\"\"")]
#[case("*")]
#[case("**")]
#[case("AND")]
#[case("a AND")]
#[case("NOT a")]
#[case("NEAR(a b, 2)")]
#[case("(")]
#[case("a)")]
#[case("text: a")]
#[case("-a")]
#[case("^a")]
#[case("{a b} : c")]
#[case("a + b")]
#[case("'; DROP TABLE messages; --")]
#[case("🌍")]
#[case("\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}")]
#[case("漢字")]
#[case("\0")]
#[case("a\0b")]
#[case("\u{2}\u{3}")]
#[case("\u{feff}")]
#[tokio::test]
async fn no_input_is_an_error(#[case] query: &str) {
    let (_home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, "a b c")).await.unwrap();
    vault.search(query, 10).await.unwrap();
    assert_eq!(found(&vault, "a b").await, [1]);
}

#[tokio::test]
async fn operators_are_words() {
    let (_home, vault, id) = one_conversation().await;
    vault
        .append(&question(1, id, "salt and pepper"))
        .await
        .unwrap();
    vault
        .append(&question(2, id, "salt not pepper"))
        .await
        .unwrap();
    assert_eq!(found(&vault, "salt AND pepper").await, [1]);
    assert_eq!(found(&vault, "salt NOT pepper").await, [2]);
}

#[tokio::test]
async fn a_pasted_page_is_no_error() {
    let (_home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, "a b c")).await.unwrap();
    vault.search(&"word ".repeat(100_000), 10).await.unwrap();
    vault.search(&"x".repeat(1_000_000), 10).await.unwrap();
}

#[tokio::test]
async fn the_beginning_of_a_run_of_han_characters_is_found() {
    let (_home, vault, id) = one_conversation().await;
    vault
        .append(&question(1, id, "東京都に住んでいます。天気は良い"))
        .await
        .unwrap();
    assert_eq!(found(&vault, "東京").await, [1]);
    assert_eq!(found(&vault, "天気").await, [1]);
}

#[test]
fn any_text_can_be_searched_for_anything() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (home, vault, _) = runtime.block_on(one_conversation());
    let count = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&(".{0,60}", "\\PC{0,20}|.{0,20}"), |(text, query)| {
        count.set(count.get() + 1);
        let number = count.get();
        runtime.block_on(async {
            let id = conversation(100 + number);
            vault.create_conversation(id, 1).await.unwrap();
            vault.rename(id, &text).await.unwrap();
            let message: Message = question(number, id, &text);
            vault.append(&message).await.unwrap();
            vault
                .search(&query, 3)
                .await
                .map_err(|error| TestCaseError::fail(format!("{query:?}: {error}")))?;
            // What has a word is found by all its words.
            let words: Vec<&str> = text.split_whitespace().take(31).collect();
            if words
                .iter()
                .any(|word| word.chars().all(|c| c.is_ascii_alphanumeric()))
            {
                let hits = vault.search(&words.join(" "), 10_000).await.unwrap();
                prop_assert!(
                    hits.iter().any(|hit| hit.message == Some(message.id)),
                    "{:?}",
                    text
                );
            }
            Ok(())
        })
    });
    run.unwrap();
    runtime.block_on(vault.verify()).unwrap();
    drop(home);
}

#[rstest]
#[case::phrase("\"green bank\"", &[1])]
#[case::phrase_and_word("\"green bank\" river", &[1])]
#[case::beginning("gre* riv", &[2, 1])]
#[case::not_a_beginning("gre riv", &[])]
#[case::finished("riv ", &[])]
#[tokio::test]
async fn phrases_stay_together_and_stars_go_on(#[case] query: &str, #[case] expected: &[u128]) {
    let (_home, vault, id) = one_conversation().await;
    for (number, text) in [
        (1, "The green bank of a river"),
        (2, "A bank, green by the river"),
    ] {
        vault.append(&question(number, id, text)).await.unwrap();
    }
    let mut numbers = found(&vault, query).await;
    numbers.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(numbers, expected);
}

#[rstest]
#[case::japanese("東京都に住んでいます。天気は良い", &["東京", "京都", "住んで", "天気", "良"])]
#[case::chinese("我们明天去北京大学看朋友", &["北京", "大学", "明天", "朋友", "去"])]
#[case::korean("초등학교에서 친구를 만났다", &["학교", "초등학교", "친구", "만났다"])]
#[case::thai("ฉันไปโรงเรียนทุกวัน", &["โรงเรียน", "ทุกวัน", "ไป"])]
#[case::arabic("ذهب الأستاذُ إلى المدرسة", &["الاستاذ", "المدرسه", "الى"])]
#[case::hebrew("שָׁלוֹם לְכוּלָּם", &["שלום", "לכולם"])]
#[case::hindi("हिन्दी में किताब", &["हिन्दी", "किताब", "कि"])]
#[case::wide("Ｆｕｌｌｗｉｄｔｈ １２３", &["fullwidth", "123"])]
#[case::decomposed("Cafe\u{301} au lait", &["café", "cafe"])]
#[tokio::test]
async fn every_script_is_found_and_highlighted(#[case] text: &str, #[case] queries: &[&str]) {
    let (_home, vault, id) = one_conversation().await;
    let asked = question(1, id, "unrelated");
    vault.append(&asked).await.unwrap();
    // By the way of an answer that streams, and as a title.
    vault.append(&answer(2, &asked)).await.unwrap();
    vault
        .finish(message_id(2), text, MessageState::Complete, None)
        .await
        .unwrap();
    vault.rename(id, text).await.unwrap();
    for query in queries {
        let hits = vault.search(query, 10).await.unwrap();
        assert_eq!(hits.len(), 2, "{query}");
        for hit in hits {
            let whole: String = hit.snippet.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(whole, text);
            assert!(hit.snippet.iter().any(|(_, marked)| *marked), "{query}");
        }
    }
    vault.delete_conversation(id).await.unwrap();
    assert_eq!(vault.search(queries[0], 10).await.unwrap(), []);
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn dates_models_and_routes_narrow_the_search() {
    let (_home, vault, id) = one_conversation().await;
    // Out of order, as after an import or a jump of the clock.
    for (number, at) in [(1, 500), (2, 5_000), (3, 100)] {
        let asked = Message {
            created_ms: at,
            ..question(number, id, "puffin")
        };
        vault.append(&asked).await.unwrap();
    }
    let asked = question(4, id, "puffin");
    vault.append(&answer(5, &asked)).await.unwrap_err();
    vault.append(&asked).await.unwrap();
    vault.append(&answer(5, &asked)).await.unwrap();
    let made = crate::support::receipt();
    vault
        .finish(
            message_id(5),
            "a puffin",
            MessageState::Complete,
            Some(&made),
        )
        .await
        .unwrap();
    assert_eq!(vault.models().await.unwrap(), [made.model.as_str()]);
    let found = async |search: Search| {
        let found = vault
            .find(
                &Search {
                    typed: "puffin".to_owned(),
                    ..search
                },
                10,
            )
            .await
            .unwrap();
        let mut numbers: Vec<u128> = found
            .hits
            .iter()
            .map(|hit| hit.message.unwrap().0.as_u128() - message_id(0).0.as_u128())
            .collect();
        numbers.sort_unstable();
        numbers
    };
    let between = |from_ms, until_ms| Search {
        from_ms,
        until_ms,
        ..Search::default()
    };
    assert_eq!(found(between(Some(500), Some(5_000))).await, [1, 4, 5]);
    assert_eq!(found(between(None, Some(500))).await, [3]);
    assert_eq!(found(between(Some(5_001), None)).await, []);
    let of = |model: &str| Search {
        model: Some(model.to_owned()),
        route: Some("device".to_owned()),
        ..Search::default()
    };
    assert_eq!(found(of(&made.model)).await, [5]);
    assert_eq!(found(of("another")).await, []);
}

#[tokio::test]
async fn of_a_very_common_word_the_newest_are_ranked_and_that_is_said() {
    let (_home, vault, id) = one_conversation().await;
    let messages: Vec<Message> = (0..700)
        .map(|number| {
            question(
                number,
                id,
                if number == 3 {
                    "the the the rare"
                } else {
                    "the word"
                },
            )
        })
        .collect();
    vault
        .append_all(&messages.iter().collect::<Vec<_>>(), None)
        .await
        .unwrap();
    let search = |typed: &str| Search {
        typed: typed.to_owned(),
        ..Search::default()
    };
    let common = vault.find(&search("the"), 1000).await.unwrap();
    assert_eq!((common.hits.len(), common.all), (250, false));
    assert_eq!(common.hits[0].message, Some(message_id(699)));
    // A rarer word beside it leads to the old one.
    let both = vault.find(&search("the rar"), 10).await.unwrap();
    assert_eq!((both.hits.len(), both.all), (1, true));
}

#[tokio::test]
async fn what_waits_for_the_index_is_found_and_leaves_no_trace_when_it_goes() {
    let (home, vault, id) = one_conversation().await;
    // More than two batches, so that some are in the index and some wait.
    for number in 1..=250 {
        vault
            .append(&question(number, id, &format!("puffin nr{number}")))
            .await
            .unwrap();
    }
    // Those that wait go first, so that they were never in it.
    vault.delete_branch(id, message_id(250)).await.unwrap();
    vault.delete_branch(id, message_id(1)).await.unwrap();
    vault.verify().await.unwrap();
    assert_eq!(found(&vault, "nr249").await, [249]);
    assert_eq!(found(&vault, "nr2 ").await, [2]);
    assert_eq!(found(&vault, "nr250").await, []);
    assert_eq!(found(&vault, "nr1 ").await, []);
    vault.verify().await.unwrap();
    // Waiting outlives the program.
    vault.append(&question(251, id, "auk")).await.unwrap();
    vault.close().await.unwrap();
    let vault = home.open().await;
    vault.verify().await.unwrap();
    assert_eq!(found(&vault, "auk").await, [251]);
}
