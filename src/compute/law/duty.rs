//! Whether a duty is one of law: the form of its citation.
//!
//! In: the text of `statutory_duty`. Out: yes or no. Never here: whether the article says so; people read that.

/// What ends the title of a law or regulation.
const KINDS: [&str; 6] = ["法", "条例", "规定", "规则", "决定", "细则"];
/// Issuers whose documents bind every agency, by the head of their numbers.
const ISSUERS: [&str; 7] = ["国发", "国办发", "国办函", "国函", "国令", "中发", "中办发"];
/// What an agency says to itself is no law.
const OWN: [&str; 8] = ["本局", "我局", "本单位", "我单位", "本机关", "本队", "内部", "通知"];

/// Whether a duty cites an article of a law or regulation (`安全生产法 第62条`), or a document of the State Council by its number.
pub fn cites_law(duty: &str) -> bool {
    let articles = duty.match_indices('第').any(|(at, _)| names_law(&duty[..at]) && is_article(&duty[at + '第'.len_utf8()..]));
    articles || duty.match_indices('〔').any(|(at, bracket)| is_numbered(&duty[..at], &duty[at + bracket.len()..]))
}

/// Whether the text ends with a title, and not with one of an agency's own.
fn names_law(before: &str) -> bool {
    let mut title = before.trim_end();
    // `行政处罚法（2021修订） 第24条`.
    if let Some((head, _)) = title.strip_suffix(['）', ')']).and_then(|inside| inside.rsplit_once(['（', '('])) {
        title = head.trim_end();
    }
    let title = title.trim_end_matches('》').trim_end();
    let clause = title.rsplit(['；', '、', '，', '（', '(']).next().unwrap_or_default();
    // `本法`, or nothing but the word, is no title.
    clause.chars().count() > 2 && KINDS.iter().any(|kind| clause.ends_with(kind)) && !OWN.iter().any(|own| clause.contains(own))
}

/// `62条`, `十九条`, `11—19条`.
fn is_article(after: &str) -> bool {
    let number: String = after.chars().take_while(|c| c.is_ascii_digit() || "一二三四五六七八九十百零〇—-、至第 ".contains(*c)).collect();
    !number.trim().is_empty() && after[number.len()..].starts_with('条')
}

/// `国办发〔2024〕54号`.
fn is_numbered(issuer: &str, after: &str) -> bool {
    let year: String = after.chars().take_while(char::is_ascii_digit).collect();
    let number = after[year.len()..].strip_prefix('〕').map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let ends = number.is_some_and(|number| !number.is_empty() && after[year.len() + '〕'.len_utf8() + number.len()..].starts_with('号'));
    year.len() == 4 && ends && ISSUERS.iter().any(|known| issuer.trim_end().ends_with(known))
}

#[cfg(test)]
mod tests {
    use super::cites_law;

    #[test]
    fn a_duty_cites_an_article_or_a_number() {
        for duty in [
            "安全生产法 第62条（制定计划）",
            "《中华人民共和国食品安全法》第一百零九条",
            "国办发〔2024〕54号（公布上限）",
            "浙江省综合行政执法条例 第11—19条",
            "食品生产经营监督检查管理办法 第22条",
        ] {
            assert!(cites_law(duty), "{duty}");
        }
        for duty in
            ["本局内部通知", "本局检查规定 第3条", "安全生产法", "第62条", "年度计划 第3条", "本局发〔2025〕3号", "国办发〔2024〕号", ""]
        {
            assert!(!cites_law(duty), "{duty}");
        }
    }
}
