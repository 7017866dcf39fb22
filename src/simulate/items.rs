//! What is enforced: the matters of each domain, with their bands of fines.
//!
//! In: nothing. Out: a fixed catalogue, invented after the usual lists of powers. Never here: units, acts.

/// The domains in the order of their index.
pub(super) const DOMAINS: [&str; 5] = ["market", "urban", "eco", "transport", "emergency"];
/// Domain indices.
pub(super) const MARKET: usize = 0;
pub(super) const URBAN: usize = 1;
pub(super) const ECO: usize = 2;
pub(super) const TRANSPORT: usize = 3;
pub(super) const EMERGENCY: usize = 4;

/// Code of the matter of vehicles over their limits.
pub(super) const OVERLOAD: &str = "330218001000";

/// One matter.
pub(super) struct Item {
    /// Matter code, twelve digits.
    pub code: &'static str,
    /// Domain index.
    pub domain: usize,
    /// Kind of violation as offices write it.
    pub violation: &'static str,
    /// Statute cited.
    pub basis: &'static str,
    /// Fine band of an ordinary severity, yuan.
    pub fine: (i32, i32),
    /// Food or drugs.
    pub food: bool,
    /// Street lamps, manholes, rubbish.
    pub livelihood: bool,
    /// A device can see it.
    pub offsite: bool,
    /// A matter that townships are given.
    pub township: bool,
    /// Share of its cases that end under the simple procedure.
    pub simple: f64,
    /// Which monitoring could prove it.
    pub pollution: Option<&'static str>,
    /// How often it comes up.
    pub weight: f64,
}

const BASE: Item = Item {
    code: "",
    domain: MARKET,
    violation: "",
    basis: "",
    fine: (500, 5_000),
    food: false,
    livelihood: false,
    offsite: false,
    township: false,
    simple: 0.3,
    pollution: None,
    weight: 1.0,
};

/// The catalogue, sorted by domain.
pub(super) const ITEMS: [Item; 34] = [
    Item {
        code: "330231001000",
        violation: "销售超过保质期的食品",
        basis: "食品安全法第一百二十四条",
        fine: (5_000, 50_000),
        food: true,
        simple: 0.05,
        weight: 3.0,
        township: true,
        ..BASE
    },
    Item {
        code: "330231002000",
        violation: "未按规定建立食品进货查验记录",
        basis: "食品安全法第一百二十六条",
        fine: (5_000, 20_000),
        food: true,
        simple: 0.25,
        weight: 2.2,
        township: true,
        ..BASE
    },
    Item {
        code: "330231003000",
        violation: "未从药品批发企业购进药品",
        basis: "药品管理法第一百二十九条",
        fine: (10_000, 60_000),
        food: true,
        simple: 0.0,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330231004000",
        violation: "无证从事餐饮服务",
        basis: "食品安全法第一百二十二条",
        fine: (5_000, 50_000),
        food: true,
        simple: 0.0,
        weight: 1.4,
        ..BASE
    },
    Item {
        code: "330231005000",
        violation: "发布虚假广告",
        basis: "广告法第五十五条",
        fine: (2_000, 30_000),
        simple: 0.1,
        weight: 1.3,
        ..BASE
    },
    Item {
        code: "330231006000",
        violation: "使用未经检定的计量器具",
        basis: "计量法实施细则第四十六条",
        fine: (200, 2_000),
        simple: 0.6,
        weight: 1.2,
        ..BASE
    },
    Item {
        code: "330231007000",
        violation: "未明码标价",
        basis: "价格法第四十二条",
        fine: (200, 3_000),
        simple: 0.7,
        weight: 1.6,
        township: true,
        ..BASE
    },
    Item {
        code: "330231008000",
        violation: "特种设备未经检验继续使用",
        basis: "特种设备安全法第八十四条",
        fine: (10_000, 50_000),
        simple: 0.0,
        weight: 0.8,
        ..BASE
    },
    Item {
        code: "330217001000",
        domain: URBAN,
        violation: "占道经营",
        basis: "城市市容和环境卫生管理条例第三十六条",
        fine: (50, 500),
        offsite: true,
        township: true,
        simple: 0.8,
        weight: 4.0,
        ..BASE
    },
    Item {
        code: "330217002000",
        domain: URBAN,
        violation: "店外经营",
        basis: "浙江省城市市容和环境卫生管理条例第四十五条",
        fine: (50, 1_000),
        offsite: true,
        township: true,
        simple: 0.75,
        weight: 2.5,
        ..BASE
    },
    Item {
        code: "330217003000",
        domain: URBAN,
        violation: "乱堆放物料",
        basis: "城市市容和环境卫生管理条例第三十四条",
        fine: (100, 1_000),
        offsite: true,
        township: true,
        simple: 0.7,
        weight: 1.5,
        ..BASE
    },
    Item {
        code: "330217004000",
        domain: URBAN,
        violation: "人行道违规停放机动车",
        basis: "道路交通安全法第九十三条",
        fine: (50, 150),
        offsite: true,
        simple: 0.7,
        weight: 3.0,
        ..BASE
    },
    Item {
        code: "330217005000",
        domain: URBAN,
        violation: "违规设置户外广告",
        basis: "城市市容和环境卫生管理条例第三十六条",
        fine: (500, 5_000),
        offsite: true,
        township: true,
        simple: 0.3,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330217006000",
        domain: URBAN,
        violation: "未按规定分类投放生活垃圾",
        basis: "固体废物污染环境防治法第一百一十一条",
        fine: (50, 500),
        livelihood: true,
        township: true,
        simple: 0.85,
        weight: 2.0,
        ..BASE
    },
    Item {
        code: "330217007000",
        domain: URBAN,
        violation: "损坏城市照明设施",
        basis: "城市照明管理规定第三十二条",
        fine: (200, 1_000),
        livelihood: true,
        simple: 0.5,
        weight: 0.8,
        ..BASE
    },
    Item {
        code: "330217008000",
        domain: URBAN,
        violation: "擅自移动井盖",
        basis: "城市道路管理条例第四十二条",
        fine: (500, 5_000),
        livelihood: true,
        simple: 0.4,
        weight: 0.6,
        ..BASE
    },
    Item {
        code: "330217009000",
        domain: URBAN,
        violation: "未取得核准处置建筑垃圾",
        basis: "城市建筑垃圾管理规定第二十五条",
        fine: (5_000, 30_000),
        township: true,
        simple: 0.0,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330216001000",
        domain: ECO,
        violation: "超标排放水污染物",
        basis: "水污染防治法第八十三条",
        fine: (100_000, 500_000),
        simple: 0.0,
        pollution: Some("water"),
        weight: 2.5,
        ..BASE
    },
    Item {
        code: "330216002000",
        domain: ECO,
        violation: "超标排放大气污染物",
        basis: "大气污染防治法第九十九条",
        fine: (100_000, 500_000),
        simple: 0.0,
        pollution: Some("air"),
        weight: 2.5,
        ..BASE
    },
    Item {
        code: "330216003000",
        domain: ECO,
        violation: "未按规定贮存危险废物",
        basis: "固体废物污染环境防治法第一百一十二条",
        fine: (100_000, 300_000),
        simple: 0.0,
        pollution: Some("waste"),
        weight: 1.5,
        ..BASE
    },
    Item {
        code: "330216004000",
        domain: ECO,
        violation: "未批先建",
        basis: "环境影响评价法第三十一条",
        fine: (10_000, 80_000),
        simple: 0.0,
        weight: 1.5,
        ..BASE
    },
    Item {
        code: "330216005000",
        domain: ECO,
        violation: "工业噪声超标",
        basis: "噪声污染防治法第七十五条",
        fine: (20_000, 100_000),
        simple: 0.0,
        pollution: Some("noise"),
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330216006000",
        domain: ECO,
        violation: "露天焚烧秸秆",
        basis: "大气污染防治法第一百一十九条",
        fine: (500, 2_000),
        township: true,
        simple: 0.5,
        weight: 0.8,
        ..BASE
    },
    Item {
        code: OVERLOAD,
        domain: TRANSPORT,
        violation: "车辆超限运输",
        basis: "公路安全保护条例第六十四条",
        fine: (500, 10_000),
        offsite: true,
        simple: 0.1,
        weight: 3.0,
        ..BASE
    },
    Item {
        code: "330218002000",
        domain: TRANSPORT,
        violation: "未取得许可从事道路客运经营",
        basis: "道路运输条例第六十三条",
        fine: (10_000, 60_000),
        simple: 0.0,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330218003000",
        domain: TRANSPORT,
        violation: "未按规定携带车辆营运证",
        basis: "道路运输条例第六十八条",
        fine: (50, 200),
        simple: 0.9,
        weight: 1.5,
        ..BASE
    },
    Item {
        code: "330218004000",
        domain: TRANSPORT,
        violation: "擅自占用挖掘公路",
        basis: "公路法第七十六条",
        fine: (1_000, 20_000),
        township: true,
        simple: 0.1,
        weight: 0.8,
        ..BASE
    },
    Item {
        code: "330218005000",
        domain: TRANSPORT,
        violation: "货运车辆未采取防遗撒措施",
        basis: "道路运输条例第六十九条",
        fine: (200, 2_000),
        township: true,
        simple: 0.6,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330225001000",
        domain: EMERGENCY,
        violation: "未对从业人员进行安全培训",
        basis: "安全生产法第九十七条",
        fine: (5_000, 80_000),
        simple: 0.0,
        weight: 2.0,
        ..BASE
    },
    Item {
        code: "330225002000",
        domain: EMERGENCY,
        violation: "未设置安全警示标志",
        basis: "安全生产法第九十九条",
        fine: (1_000, 30_000),
        township: true,
        simple: 0.2,
        weight: 2.0,
        ..BASE
    },
    Item {
        code: "330225003000",
        domain: EMERGENCY,
        violation: "消防通道堆放杂物",
        basis: "消防法第六十条",
        fine: (200, 3_000),
        township: true,
        simple: 0.5,
        weight: 1.6,
        ..BASE
    },
    Item {
        code: "330225004000",
        domain: EMERGENCY,
        violation: "特种作业人员无证上岗",
        basis: "安全生产法第九十七条",
        fine: (5_000, 50_000),
        simple: 0.0,
        weight: 1.2,
        ..BASE
    },
    Item {
        code: "330225005000",
        domain: EMERGENCY,
        violation: "未建立事故隐患排查治理制度",
        basis: "安全生产法第一百零一条",
        fine: (10_000, 90_000),
        simple: 0.0,
        weight: 1.0,
        ..BASE
    },
    Item {
        code: "330225006000",
        domain: EMERGENCY,
        violation: "违规储存烟花爆竹",
        basis: "烟花爆竹安全管理条例第三十六条",
        fine: (500, 5_000),
        township: true,
        simple: 0.3,
        weight: 0.7,
        ..BASE
    },
];

/// Fourteen digits: the code of the matter in the national catalogue of supervision.
pub(super) fn supervise_code(item: &Item) -> String {
    format!("{}{:02}", item.code, item.domain + 1)
}

/// Indices of a domain's items with their weights.
pub(super) fn items_of(domain: usize) -> Vec<(usize, f64)> {
    ITEMS.iter().enumerate().filter(|(_, item)| item.domain == domain).map(|(index, item)| (index, item.weight)).collect()
}
