//! What the methodology page says of a scheme: sentences with the scheme's own figures.
//!
//! In: a [`Scheme`]. Out: sections of zh-CN sentences that a head of office can follow. Never here: figures of units, HTML.
//!
//! A rule that a scheme changes changes its sentence: nothing here repeats a figure that stands in the scheme.

use rust_decimal::Decimal;

use crate::library::scheme::method::{Mean, Method, Missing, Transform};
use crate::library::scheme::{Absent, Grade, IntervalKind, PeerKey, RankBasis, Scheme, ScoreFrom, Scored, Steps, TOTAL, Ties, Veto};
use crate::report::input::MethodSection;
use crate::report::numbers;
use crate::terms::IndicatorId;

/// How totals, ranks and intervals come about; `title` names an indicator.
pub fn sections(scheme: &Scheme, title: &dyn Fn(&IndicatorId) -> String) -> Vec<MethodSection> {
    vec![
        section("得分与总分", totals(scheme, title)),
        section("没有数值时", nothing(scheme)),
        section("等次、加分扣分与一票否决", grades(scheme)),
        section("排名", ranking(scheme)),
        section("偶然因素与可信程度", chance(scheme, title)),
        section("法律底线", law()),
    ]
}

fn section(title: &str, sentences: Vec<String>) -> MethodSection {
    MethodSection { title: title.to_owned(), sentences }
}

fn percent(share: Decimal) -> String {
    format!("{}%", (share * Decimal::ONE_HUNDRED).normalize())
}

fn totals(scheme: &Scheme, title: &dyn Fn(&IndicatorId) -> String) -> Vec<String> {
    let points = scheme.class_points();
    let class = |node: &crate::library::scheme::Node| {
        let points = points.get(node.id.as_str())?;
        Some(format!("{}（{}分）", node.title, numbers::points(*points)))
    };
    let classes: Vec<String> = scheme.nodes.iter().filter(|node| node.parent == TOTAL).filter_map(class).collect();
    let mut sentences = vec![
        format!(
            "总分＝{}，再加上加分（合计最多{}分）、减去扣分（合计最多{}分）。",
            classes.join("＋"),
            numbers::points(scheme.bonus_cap),
            numbers::points(scheme.deduction_cap)
        ),
        "每项指标先算完成值（分子÷分母，或平均数、指数），记分卡上可以查到背后的记录。完成值按该指标的计分曲线换成0至100分：曲线由若干点给出，两点之间按直线计算，超出两端的按端点计。".to_owned(),
        "指标得分×该项分值÷100，就是这项指标挣得的分值；除下面另有说明的组外，同一组的各项相加，得到组和大类的分值。".to_owned(),
        match scheme.rounding.steps {
            Steps::Rounded => format!("得分四舍五入保留{}位小数，后面的计算都用公布的数，任何人都可以用本页和记分卡复算。", scheme.rounding.decimals),
            Steps::Exact => format!("计算过程不舍入，只在公布时四舍五入保留{}位小数。", scheme.rounding.decimals),
        },
    ];
    sentences.extend(otherwise(scheme, title));
    sentences.extend(scheme.nodes.iter().filter_map(|node| method(&node.title, &node.method)));
    sentences.extend(method("总分", &scheme.method));
    sentences
}

/// Indicators whose scores do not come from straight lines over their values; nothing where all do.
fn otherwise(scheme: &Scheme, title: &dyn Fn(&IndicatorId) -> String) -> Vec<String> {
    let ids = |is_so: &dyn Fn(&Scored) -> bool| -> Vec<String> {
        scheme.indicators.iter().filter(|scored| !scored.report_only && is_so(scored)).map(|scored| title(&scored.id)).collect()
    };
    let transformed = |scored: &Scored| {
        scored.transform != Transform::None || scored.curve.as_ref().is_some_and(|curve| curve.transform() != Transform::None)
    };
    let (compared, transformed) = (ids(&|scored| scored.relative.is_some()), ids(&transformed));
    let mut sentences = Vec::new();
    if !compared.is_empty() {
        sentences
            .push(format!("与其他单位比较计分的指标：{}。一个单位的变化会影响所有单位的得分，不同年度不可比较。", compared.join("、")));
    }
    if !transformed.is_empty() {
        sentences.push(format!("先取对数、平方根或对数比再计分的指标：{}。", transformed.join("、")));
    }
    sentences
}

/// How a node differs from the plain sum; nothing where it does not.
fn method(title: &str, method: &Method) -> Option<String> {
    let mean = match method.mean {
        Mean::Arithmetic => None,
        Mean::Geometric => Some("按加权几何平均合成，某一项偏低不能由其他项完全补足".to_owned()),
        Mean::Harmonic => Some("按加权调和平均合成，偏低的项影响更大".to_owned()),
        Mean::Power(power) => Some(format!("按{}次幂平均合成", power.normalize())),
        Mean::Lowest => Some("取各项中最低的一项".to_owned()),
        Mean::Balanced => Some("按均衡平均合成（各项差距越大扣得越多）".to_owned()),
    };
    let floor = Some(method.floor).filter(|floor| !floor.is_zero()).map(|floor| format!("低于{}分的项按{0}分计", floor.normalize()));
    let cap = method.cap_above_lowest.map(|above| format!("最多比其中最低的一项高{}分", above.normalize()));
    let veto = method.veto.map(|veto| format!("任一项低于{}分的，最多计{}分", veto.below.normalize(), veto.cap.normalize()));
    let missing = match method.missing {
        Missing::MoveWeight => None,
        Missing::Zero => Some("没有数值的项按0分计".to_owned()),
        Missing::Withhold => Some("任一项没有数值的，不计分".to_owned()),
    };
    let available = Some(method.minimum_available).filter(|share| !share.is_zero());
    let available = available.map(|share| format!("有数值的项的权重不足{}的，不计分", percent(share)));
    let rules: Vec<String> = [mean, floor, cap, veto, missing, available].into_iter().flatten().collect();
    (!rules.is_empty()).then(|| format!("“{title}”{}。", rules.join("；")))
}

fn nothing(scheme: &Scheme) -> Vec<String> {
    let mut sentences = vec![
        "没有这项职权（不适用）的，或考核期内没有到期事项的，除方案另有规定的组外，这项指标的分值按比例并入同一组的其他指标；整组都没有的，并入上一级的其他组。".to_owned(),
        match scheme.nothing.owed_and_absent {
            Absent::Hold => "应当报送而没有收到数据的，沿用上次结果并注明；从来没有过结果的，同没有到期事项一样处理。".to_owned(),
            Absent::Zero => "应当报送而没有收到数据的，按零分计并注明。".to_owned(),
        },
        "期限未到的事项列为“未到期”，不进分子也不进分母；期限已过而没有办结的，进分母。".to_owned(),
    ];
    if let Some(score) = scheme.nothing.empty_class_score {
        sentences.insert(1, format!("分值不跨大类移动：某一大类完全没有可计分的指标时，该大类按{}分（百分制）计。", score.normalize()));
    }
    sentences
}

fn grades(scheme: &Scheme) -> Vec<String> {
    let grade = |grade: &Grade| {
        let quota = grade.quota.map(|quota| format!("，同类组内最多占{}", percent(quota))).unwrap_or_default();
        let from = if grade.from.is_zero() { "其余".to_owned() } else { format!("{}分及以上", grade.from.normalize()) };
        format!("{}：{from}{quota}", grade.name)
    };
    let has_quota = scheme.grades.iter().any(|grade| grade.quota.is_some());
    let veto = |veto: &Veto| format!("{}的，等次最高为“{}”（{}）。", veto.title, veto.cap_grade, veto.basis);
    let mut sentences = vec![
        format!("{}。", scheme.grades.iter().map(grade).collect::<Vec<_>>().join("；")),
        format!(
            "次序：先算总分，再加分扣分，{}最后适用一票否决。总分与等次同时公布；加分、扣分和否决逐件注明文件。",
            if has_quota { "再按名额限制等次，" } else { "" }
        ),
    ];
    sentences.extend(scheme.vetoes.iter().map(veto));
    sentences
}

fn ranking(scheme: &Scheme) -> Vec<String> {
    let key = |key: &PeerKey| match key {
        PeerKey::Domain => "领域",
        PeerKey::Tier => "层级",
        PeerKey::SizeClass => "规模",
    };
    let keys: Vec<&str> = scheme.peer_group.iter().map(key).collect();
    let basis = match scheme.rounding.basis {
        RankBasis::Rounded => "按公布的总分（舍入后）排名",
        RankBasis::Unrounded => "按未舍入的总分排名",
    };
    let ties = match scheme.rounding.ties {
        Ties::Competition => "同分并列，其后名次顺延（1、2、2、4）",
        Ties::Dense => "同分并列，其后名次不顺延（1、2、2、3）",
        Ties::Worst => "同分的取靠后的名次（1、3、3、4）",
    };
    let minimum = &scheme.minimum_n;
    let mut sentences = vec![
        format!("只在同类组（{}）内排名，组与组之间不比较。{basis}；{ties}。", keys.join(" · ")),
        format!(
            "比率的分母少于{}、平均分的回答少于{}份的，标为“样本不足”：照常计分，但总分中样本充足的分值不足{}的，或总分误差区间的半宽超过{}分的，不参加排名。同类组内可排名的不足{}个的，不排名。",
            minimum.rate,
            minimum.value,
            percent(minimum.rank_share),
            minimum.half_width.normalize(),
            scheme.minimum_units
        ),
        format!(
            "满意度调查在一个地区、一个领域的答卷少于{}份的，平均分和份数都不列，也不计分：从中可能认出答卷人。权重按“没有数值”的规则移给同级。",
            minimum.confidential
        ),
    ];
    if let Some(reason) = &scheme.peer_group_allow {
        sentences.push(format!("本方案允许跨领域或层级排名，理由：{reason}。"));
    }
    for exclusion in &scheme.exclusions {
        sentences.push(format!("{} 不参加排名：{}。", exclusion.unit, exclusion.because));
    }
    sentences
}

fn chance(scheme: &Scheme, title: &dyn Fn(&IndicatorId) -> String) -> Vec<String> {
    let confidence = percent(scheme.uncertainty.confidence);
    let mut sentences = vec![
        format!(
            "比率的误差区间为95%的{}：办得再好，案件少时也说明不了多少，区间就宽。",
            match scheme.uncertainty.interval {
                IntervalKind::Wilson => "威尔逊区间",
                IntervalKind::Exact => "精确区间（克洛珀—皮尔逊：不论真实比率多少，至少95%的情况成立，比威尔逊区间宽）",
            }
        ),
        "“收缩值”：把本单位的比率向同类组的平均比率靠拢，靠拢多少由案件数和同类组之间的差异决定（贝塔二项模型，矩估计；至少5个同类有数据）。案件少的单位靠拢得多：3件全部按时，不足以说明好于同类。案件少、两者相差大的，记分卡上同时列出收缩值；结果表values全部列出。".to_owned(),
        "“漏斗”：与同类组平均相比，超出偶然因素和同类之间通常差异1.96倍标准差的列为“注意”，3.09倍的列为“显著”（加性过度离散模型；至少10个同类有数据），记分卡上注明。".to_owned(),
    ];
    let shrunk: Vec<String> =
        scheme.indicators.iter().filter(|scored| scored.score_from == ScoreFrom::Shrunk).map(|scored| title(&scored.id)).collect();
    sentences.push(if shrunk.is_empty() {
        "本方案按原值计分，收缩值只供参考。".to_owned()
    } else {
        format!("按收缩值计分的指标：{}；其余按原值计分，同类不足5个的也按原值计分。", shrunk.join("、"))
    });
    let is_compared = scheme.indicators.iter().any(|scored| scored.relative.is_some() && !scored.report_only);
    if is_compared {
        sentences.push("有指标与其他单位比较计分，名次区间无从计算，不列出。".to_owned());
    } else if scheme.uncertainty.draws > 0 {
        sentences.push(format!(
            "名次下的区间：假定案件的结果带有偶然性，以公布的得分为中心、按各单位自己的案件数推算的误差抽取{}次（按收缩值计分的指标，用收缩值的误差；随机种子{}，可复算），每次重新排名，{confidence}的情况落在这个区间内；公布的名次在区间之外的，区间放宽到包含它。区间重叠的单位，先后不宜深究。",
            scheme.uncertainty.draws, scheme.uncertainty.seed
        ));
        sentences.push(format!(
            "只有两个单位对全组同时成立的名次集合（{confidence}；超过400个单位的组按所有两两比较作邦费罗尼校正，范围更宽）不重叠，才可以说“优于”；“高于／低于同类组平均”也按全组同时成立判断，其余为“无显著差异”。"
        ));
    }
    sentences
}

fn law() -> Vec<String> {
    vec![
        "罚款、没收数额和处罚、检查的件数不提高任何得分（行政处罚法第74条；国发〔2021〕26号；国办发〔2024〕54号）：方案有这样的指标，程序拒绝运行。".to_owned(),
        "疑点是供核查的线索，不自动扣分；经核实的，由方案规定的扣分或否决事项处理，并注明文件。".to_owned(),
    ]
}
