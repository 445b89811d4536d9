//! One story in three forms.

use super::*;
use crate::model::outcome::Method;
use crate::study::testing::case;
use crate::study::why::Traced;

fn story() -> Story {
    let traced = Traced::new(case(&[]).unwrap(), 1, &|| false);
    let request = traced.lost()[0].request;
    traced.story(request, Some(Method::Get), &case, &|| false).unwrap()
}

#[test]
fn the_text_tells_what_where_and_what_would_have_saved_it() {
    let story = story();
    let text = text(&story, Some("Keep serving, at the price of longer rollouts."));
    let lost = story.lost.unwrap();
    for part in [
        &format!("request {} lost with {}", story.request, lost.status),
        "'s deletion, ",
        "connection refused",
        "What would have saved it: --set preStop=",
        "simulated again",
        "at the price of",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
    assert!(!text.to_lowercase().contains("zero downtime"));
}

#[test]
fn a_change_that_only_moves_the_loss_is_called_no_remedy() {
    let mut story = story();
    assert!(!text(&story, None).contains("no remedy"));
    let lost = story.lost_in_run;
    story.counterfactual.saved_by.as_mut().expect("a hook").lost_in_run = lost + 1;
    assert!(
        text(&story, None).contains(&format!("loses {} instead of {lost}, so it is no remedy", lost + 1))
    );
}

#[test]
fn json_and_picture_hold_every_moment() {
    let story = story();
    let json = to_json(&story);
    assert_eq!(json["schema"], "podloss-why/1");
    assert_eq!(json["moments"].as_array().map(Vec::len), Some(story.moments.len()));
    assert_eq!(json["counterfactual"]["saved_by"]["set"][0]["knob"], "preStop");
    let (pod, attempt) = (&json["pod"], &json["attempts"][0]["pod"]);
    let told = |words: String| json["moments"].as_array().unwrap().iter().any(|m| m["what"] == words);
    assert!(told(format!("pod {pod} is deleted")), "{json:#}");
    assert!(told(format!("attempt 1 to pod {attempt}")), "{json:#}");
    let svg = picture(&story);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<circle").count(), story.moments.len());
    assert_eq!(svg, picture(&story));
    for lane in crate::study::why::Lane::ALL {
        assert!(svg.contains(lane.word()));
    }
}

#[test]
fn times_have_signs_and_no_negative_zero() {
    for (seconds, text) in
        [(0.0, "+0.000 s"), (-0.0001, "+0.000 s"), (1.2344, "+1.234 s"), (-2.5, "-2.500 s")]
    {
        assert_eq!(signed(seconds), text);
    }
}
