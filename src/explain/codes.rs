//! Chinese words for the codes of result tables, on pages and in the terminal alike.
//!
//! In: codes. Out: words. Never here: sentences of pages (`report::texts` has those), words of source tables.

/// The Chinese name of a domain's code; a code that is not known is shown as it is.
pub fn domain(code: &str) -> &str {
    match code {
        "market" => "市场监管",
        "urban" => "城市管理",
        "eco" => "生态环境",
        "transport" => "交通运输",
        "emergency" => "应急管理",
        "other" => "其他领域",
        "" => "全部领域",
        other => other,
    }
}

/// The Chinese name of a tier's code.
pub fn tier(code: &str) -> &str {
    match code {
        "province" => "省级统筹",
        "city" => "市级指导",
        "county" => "县级执行",
        "township" => "乡镇延伸",
        other => other,
    }
}

/// The Chinese name of a size class.
pub fn size(code: &str) -> &str {
    match code {
        "small" => "小型",
        "medium" => "中型",
        "large" => "大型",
        other => other,
    }
}

/// A peer group in Chinese, part by part.
pub fn peer_group(group: &str) -> String {
    let word = |part: &str| {
        let named = domain(part);
        let named = if named == part { tier(part) } else { named };
        if named == part { size(part).to_owned() } else { named.to_owned() }
    };
    group.split(" · ").filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" · ")
}

/// Why there is no rank.
pub fn withheld(reason: &str) -> &str {
    match reason {
        "too_few_cases" => "样本充足的指标分值过少，不参与排名",
        "interval_too_wide" => "总分误差区间过宽，不参与排名",
        "peer_group_too_small" => "同类组主体过少，不排名",
        "too_few_ranked" => "同类组中样本充足的主体过少，不排名",
        "nothing_scored" => "没有可计分的指标",
        "too_little_available" => "可计分的指标未达方案要求的最低比例",
        "excluded" => "按方案不参加排名",
        other => other,
    }
}

/// Whether what keeps the rank back also leaves the total, and so the grade, on uncertain ground.
pub fn is_uncertain(reason: &str) -> bool {
    matches!(reason, "too_few_cases" | "interval_too_wide")
}

/// A kind of score line.
pub fn line_kind(kind: &str) -> &str {
    match kind {
        "method" => "合成方法的影响（非算术平均、封顶或否决）",
        "bonus" => "加分",
        "deduction" => "扣分",
        "veto" => "一票否决",
        "correction" => "更正",
        "cap" => "超出上限，不计",
        "beside" => "另列，不计入总分",
        other => other,
    }
}

/// Why a class without anything to score has a score.
pub fn empty_class(score: &str) -> String {
    format!("该类没有可计分的指标，按方案规定计{score}分")
}
