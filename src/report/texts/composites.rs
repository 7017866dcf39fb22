//! What the methodology page says of synergy and burden: sentences with the amounts in force.
//!
//! In: the parameters of both indices. Out: zh-CN sentences that a head of office can follow. Never here: figures of regions, HTML.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::indices::burden::BurdenParameters;
use crate::indices::synergy::{PARTS, SynergyParameters, part_title};
use crate::report::input::MethodSection;
use crate::report::numbers;

/// How both composites come about.
pub fn sections(synergy: &SynergyParameters, burden: &BurdenParameters) -> Vec<MethodSection> {
    let section = |title: &str, sentences| MethodSection { title: title.to_owned(), sentences };
    vec![section("跨区域执法协同指数", of_synergy(synergy)), section("企业执法负担指数", of_burden(burden))]
}

fn percent(share: Decimal) -> String {
    format!("{}%", numbers::amount(share * Decimal::ONE_HUNDRED))
}

fn share(number: f64) -> String {
    Decimal::from_f64(number).map_or_else(String::new, |number| percent(number.round_dp(4)))
}

fn of_synergy(parameters: &SynergyParameters) -> Vec<String> {
    let parts = PARTS.iter().zip(&parameters.weights).map(|(part, weight)| format!("{part} {}（{}）", part_title(*part), percent(*weight)));
    let mut sentences = vec![
        format!("只看跨越边界的事项，每件记在应当作为的一方名下。一对相邻区县的一侧，由五部分按权重平均：{}；没有到期事项的部分不计，其余按比例分摊。", parts.collect::<Vec<_>>().join("、")),
        "T：应当移送相邻区县的线索，不论实际移送与否，都在分母；A：收到的移送和协查请求，按时接收、说明理由退回或答复的；R：作出处理后按时反馈结果的；期限已过仍未办的，计入分母，不计入分子；期限未到的，两边都不计。".to_owned(),
        format!("P：双方各自系统都记录、每次不少于{}分钟的联合巡查 ÷ 应巡查次数，最多计满；只有一方记录的不算。", parameters.patrol_minutes),
        format!(
            "K：同一事项、同一情节的罚款在裁量幅度中的位置，两地中位数相差越小越一致：K＝e^(−δ÷{})，δ为各类位置对数差的加权平均；每侧不足{}件的只展示，不计入。旁边列出不相邻各对的中位数：相邻双方比不相邻的更一致，才说明有协同。",
            numbers::amount(Decimal::from_f64(parameters.delta0).unwrap_or_default().round_dp(4)),
            parameters.minimum_penalties
        ),
        format!(
            "一对区县须有至少{}个部分、双方合计至少{}件到期事项，否则为“往来过少”，不评分；没有相邻区县的为“没有相邻区域”。区域的指数是它各侧的平均，以各侧到期事项和应巡查次数为权重，不以邻区个数为权重；跨省的一侧看不到对方的记录，只展示。",
            parameters.minimum_parts, parameters.minimum_due
        ),
        "中位天数把尚未移送的线索当作“至少已等了这么多天”一并计算（卡普兰—迈耶法）：只看已经移送的，会显得比实际快。".to_owned(),
    ];
    if parameters.bootstrap_draws > 0 {
        sentences.push(format!(
            "各部分的区间为95%的威尔逊区间；一侧和区域的区间由{}次重抽得出：办成与否按各自的概率重新抽取，罚款在各类之内重抽，联合巡查是全数，不抽；随机种子{}，可复算。",
            parameters.bootstrap_draws, parameters.seed
        ));
    }
    if parameters.has_coupling {
        sentences.push("耦合协调度（修正式）另列，不进入任何得分：它主要反映双方水平的高低，多数情况下接近1。".to_owned());
    }
    sentences
}

fn of_burden(parameters: &BurdenParameters) -> Vec<String> {
    let whole: f64 = parameters.weights.iter().sum();
    let weight = |place: usize| share(parameters.weights[place] / whole);
    let base = parameters.base_quarter.as_deref().map_or_else(|| "样本的第一个季度".to_owned(), str::to_owned);
    let (low, high) = parameters.recorded_band;
    let register = if parameters.register_carries {
        format!(
            "检查次数在登记与企业自报大体相符时，用全部企业的检查登记计算，没有抽样误差。相符，是指基期和本期，企业自报的检查中登记有的都不少于{}（逐户计算，一户多记的不抵另一户漏记的），登记与自报之比都不超过{}，且两期相差不超过{}。不相符的，用样本企业自报的次数，以免漏记检查反而显得负担减轻。",
            percent(low),
            numbers::amount(high),
            percent(parameters.recorded_drift)
        )
    } else {
        "检查次数用样本企业自报的次数；检查登记旁列，仅供对照。".to_owned()
    };
    vec![
        format!(
            "跟踪一组样本企业，各层按基期的企业数加权：指数＝100×本期的加权平均÷基期的加权平均。基期为{base}。检查次数占{}，配合工时（准备材料与陪同）占{}，额外支出占{}；罚款不计，法律规定必须配备的安全设备另列。",
            weight(0),
            weight(1),
            weight(2)
        ),
        register,
        format!(
            "同一层、同一季度中，超过中位数加{}倍绝对中位差的回答按该限计算，从不删除，缩去多少另列（一半以上回答相同、绝对中位差为零的，以平均绝对差的0.8453倍代替）；0次是回答，空白不是。",
            numbers::amount(Decimal::from_f64(parameters.winsor_mads).unwrap_or_default().round_dp(4))
        ),
        format!(
            "区间由{}次重抽企业得出{}；区间包含100的，说不上变化，按恰好100计分（恰好100为80分，降到60为100分，升到150为0分，两点之间按直线）。各部分“对指数的影响”之和，等于指数减100。",
            parameters.draws,
            if parameters.limits_redrawn { "，每次重新计算缩尾的限" } else { "" }
        ),
        format!(
            "一个市的样本不足{}家的，不单独编制；不对单个执法主体排名。样本能看出多大的变化，见企业负担页：看不出变化，不等于没有变化。",
            parameters.minimum_firms
        ),
        "样本企业应按事先公布的种子分层随机抽取、定期轮换（kaohe sample）；是否如此，以抽取名单及其签名为准，名单可以重抽核对。".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_rule_that_a_parameter_changes_changes_its_sentence() {
        let synergy = SynergyParameters::usual(date(2026, 1, 1), date(2026, 6, 30));
        let burden = BurdenParameters::usual(7);
        let said = |synergy: &SynergyParameters, burden: &BurdenParameters| {
            sections(synergy, burden).into_iter().flat_map(|section| section.sentences).collect::<Vec<_>>().join("\n")
        };
        let usual = said(&synergy, &burden);
        for told in [
            "P 联合巡查（25%）",
            "至少3个部分",
            "至少20件",
            "1000次重抽",
            "检查次数占30%",
            "不少于80%",
            "5倍绝对中位差",
            "样本的第一个季度",
        ] {
            assert!(usual.contains(told), "{told}: {usual}");
        }
        assert!(!usual.contains("耦合协调度"));
        let other = said(
            &SynergyParameters { has_coupling: true, bootstrap_draws: 0, minimum_due: 33, ..synergy },
            &BurdenParameters { register_carries: false, base_quarter: Some("2025Q1".to_owned()), weights: [1.0, 1.0, 2.0], ..burden },
        );
        for told in ["耦合协调度", "至少33件", "检查次数占25%", "仅供对照", "基期为2025Q1"] {
            assert!(other.contains(told), "{told}: {other}");
        }
        assert!(!other.contains("重抽得出：办成"));
    }
}
