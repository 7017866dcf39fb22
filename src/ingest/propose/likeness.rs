//! How alike two headers are in what they say.
//!
//! In: headers in Chinese or English. Out: a likeness from 0 to 1. Never here: contracts, values.
//!
//! A header is taken apart into words; words for one thing, in either language, are one: `立案时间`, `立案日期` and `filing_date` say the
//! same. What a column is about weighs more than the form of its value (a date, a number, a name), and two forms that differ speak
//! against. Exact headers are the contracts' business (`aliases`): these words only help to guess one that nobody has written down.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// What a column is about.
    Subject,
    /// The form of its value.
    Form,
    /// Nothing by itself.
    Filler,
}

/// Words for one thing, by what they say; a word stands in one row only.
const WORDS: &[(Role, &[&str])] = &[
    (Role::Form, &["日期", "时间", "时刻", "日", "年月日", "date", "time", "datetime", "day", "on", "at", "timestamp", "rq", "sj"]),
    (
        Role::Form,
        &["编号", "编码", "代码", "号码", "号", "文号", "序号", "id", "no", "nr", "num", "number", "code", "key", "bh", "bm", "dm"],
    ),
    (Role::Form, &["名称", "全称", "简称", "姓名", "名字", "名", "name", "title", "mc"]),
    (Role::Form, &["金额", "数额", "额", "款项", "amount", "sum", "money", "je"]),
    (Role::Form, &["是否", "有无", "is", "has", "flag", "whether", "sf"]),
    (Role::Form, &["类型", "类别", "种类", "性质", "分类", "类", "kind", "type", "category", "class", "lx", "lb"]),
    (Role::Form, &["状态", "情况", "status", "zt"]),
    (Role::Form, &["原因", "理由", "事由", "缘由", "reason", "cause", "why"]),
    (Role::Form, &["数量", "次数", "个数", "人数", "数", "count", "quantity", "total", "sl"]),
    (Role::Form, &["地址", "地点", "住所", "位置", "address", "place", "location", "dz"]),
    (Role::Form, &["等级", "级别", "等次", "level", "grade", "rank", "dj"]),
    (Role::Form, &["得分", "分数", "评分", "分值", "score", "points", "mark"]),
    (Role::Form, &["期限", "截止", "deadline", "due", "limit"]),
    (Role::Form, &["年份", "年度", "year"]),
    (Role::Form, &["季度", "quarter"]),
    (Role::Form, &["描述", "内容", "说明", "详情", "text", "content", "description", "detail", "details"]),
    (Role::Subject, &["案件", "案", "case", "aj"]),
    (Role::Subject, &["立案", "filed", "filing", "la"]),
    (Role::Subject, &["结案", "办结", "closed", "closing", "ja"]),
    (Role::Subject, &["决定", "裁决", "处分", "decided", "decision", "ruling", "jd"]),
    (Role::Subject, &["处罚", "行政处罚", "penalty", "punish", "punishment", "sanction", "cf"]),
    (Role::Subject, &["罚款", "罚金", "罚鍰", "罚锾", "fine", "fines", "fk"]),
    (Role::Subject, &["没收", "confiscated", "confiscation"]),
    (Role::Subject, &["送达", "delivered", "served"]),
    (Role::Subject, &["线索", "lead", "leads"]),
    (Role::Subject, &["检查", "巡查", "核查", "核实", "抽查", "检验", "inspection", "inspected", "check", "checked", "visit", "jc"]),
    (Role::Subject, &["投诉", "举报", "投诉举报", "complaint", "complaints"]),
    (Role::Subject, &["隐患", "hazard", "hazards"]),
    (Role::Subject, &["事故", "accident", "accidents"]),
    (Role::Subject, &["工单", "order", "ticket"]),
    (Role::Subject, &["热线", "hotline"]),
    (Role::Subject, &["整改", "改正", "rectified", "rectification", "corrected", "correction"]),
    (Role::Subject, &["公示", "公开", "公告", "published", "publication", "disclosure", "disclosed", "gs"]),
    (Role::Subject, &["发现", "found", "discovered"]),
    (Role::Subject, &["受理", "accepted", "acceptance"]),
    (Role::Subject, &["接收", "收到", "收件", "received", "receipt"]),
    (Role::Subject, &["回复", "答复", "反馈", "answered", "answer", "reply", "replied", "response"]),
    (Role::Subject, &["派单", "交办", "派发", "转办", "dispatched", "assigned"]),
    (Role::Subject, &["报送", "上报", "填报", "submitted", "reported"]),
    (Role::Subject, &["录入", "创建", "登记", "新增", "created", "registered"]),
    (Role::Subject, &["更新", "修改", "变更", "updated", "modified", "changed"]),
    (Role::Subject, &["发生", "happened", "occurred"]),
    (Role::Subject, &["签订", "签署", "签发", "signed"]),
    (Role::Subject, &["开始", "起始", "起", "自", "from", "start", "started", "begin", "begins", "since"]),
    (Role::Subject, &["结束", "终止", "止", "至", "to", "end", "ended", "ends", "until"]),
    (Role::Subject, &["有效", "生效", "valid", "effective"]),
    (Role::Subject, &["失效", "到期", "expired", "expires", "expiry"]),
    (
        Role::Subject,
        &[
            "单位",
            "机关",
            "机构",
            "主体",
            "部门",
            "局",
            "执法主体",
            "执法单位",
            "执法机关",
            "执法部门",
            "实施机构",
            "unit",
            "agency",
            "authority",
            "department",
            "dept",
            "office",
            "institution",
            "org",
        ],
    ),
    (Role::Subject, &["办案", "承办", "经办", "主办", "handling", "handled"]),
    (Role::Subject, &["当事人", "相对人", "行政相对人", "被处罚人", "被罚人", "违法主体", "party", "offender", "respondent"]),
    (Role::Subject, &["企业", "公司", "事业", "市场主体", "经营者", "enterprise", "company", "business", "firm", "establishment"]),
    (Role::Subject, &["信用", "社会信用", "统一社会信用", "credit", "uscc", "shxym"]),
    (
        Role::Subject,
        &[
            "行政区划",
            "区划",
            "区域",
            "地区",
            "辖区",
            "区县",
            "县市",
            "region",
            "area",
            "district",
            "county",
            "municipality",
            "city",
            "town",
            "乡镇",
            "街道",
            "镇街",
            "township",
        ],
    ),
    (Role::Subject, &["上级", "主管", "parent", "superior"]),
    (Role::Subject, &["领域", "条线", "domain", "sector", "field"]),
    (Role::Subject, &["行业", "industry", "trade"]),
    (Role::Subject, &["事项", "item", "matter"]),
    (Role::Subject, &["法规", "法律", "法条", "依据", "条款", "law", "laws", "legal", "statute", "basis"]),
    (Role::Subject, &["违法", "违规", "违反", "illegal", "violation", "violations", "offence"]),
    (Role::Subject, &["行为", "act", "action", "behaviour"]),
    (Role::Subject, &["事实", "fact", "facts"]),
    (Role::Subject, &["结果", "结论", "outcome", "result", "conclusion"]),
    (Role::Subject, &["来源", "source", "origin", "ly"]),
    (Role::Subject, &["备注", "remark", "remarks", "note", "notes", "comment", "comments", "bz"]),
    (Role::Subject, &["人员", "执法人员", "officer", "officers", "staff", "inspector"]),
    (Role::Subject, &["证件", "证号", "执法证", "证", "certificate", "licence", "license", "permit"]),
    (Role::Subject, &["电话", "手机", "联系电话", "phone", "telephone", "mobile"]),
    (Role::Subject, &["经度", "lon", "longitude", "lng"]),
    (Role::Subject, &["纬度", "lat", "latitude"]),
    (Role::Subject, &["人口", "population", "pop"]),
    (Role::Subject, &["批次", "batch"]),
    (Role::Subject, &["程序", "procedure", "process"]),
    (Role::Subject, &["听证", "hearing"]),
    (Role::Subject, &["法制审核", "法审", "审核", "review", "reviewed"]),
    (Role::Subject, &["集体讨论", "collective", "discussion", "discussed"]),
    (Role::Subject, &["执行", "履行", "performed", "executed", "execution"]),
    (Role::Subject, &["缴纳", "实缴", "缴款", "paid", "payment"]),
    (Role::Subject, &["重大", "major"]),
    (Role::Subject, &["复杂", "complex"]),
    (Role::Subject, &["风险", "risk"]),
    (Role::Subject, &["设备", "device", "devices"]),
    (Role::Subject, &["文书", "决定书", "document", "doc", "ws"]),
    (Role::Subject, &["文件", "file"]),
    (Role::Subject, &["计划", "plan"]),
    (Role::Subject, &["评价", "满意", "满意度", "rating", "rated", "satisfaction"]),
    (Role::Subject, &["培训", "training", "trained"]),
    (Role::Subject, &["移送", "移交", "transferred", "transfer"]),
    (Role::Filler, &["的", "之", "与", "和", "及", "或", "of", "the", "and", "or", "in", "by", "元", "万元", "yuan", "cny"]),
    (
        Role::Filler,
        &["导出", "数据", "明细", "清单", "汇总", "表", "样例", "行政", "export", "data", "list", "table", "sample", "csv", "xlsx"],
    ),
];

/// Likeness of words that nobody has grouped, above which one is a slip of the other.
const SLIP: f64 = 0.85;

/// A word of a header: the row of [`WORDS`], or the word itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Known(Role, usize),
    Own(String),
}

impl Word {
    fn weight(&self) -> f64 {
        match self {
            Self::Known(Role::Subject, _) => 1.0,
            Self::Known(Role::Form, _) => 0.5,
            Self::Known(Role::Filler, _) => 0.0,
            // One Chinese character is half a word, and so is a number.
            Self::Own(word) if word.chars().nth(1).is_none() || self.is_number() => 0.5,
            Self::Own(_) => 1.0,
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Own(word) if word.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own(one), Self::Own(two)) => {
                one == two || one.len() > 4 && one.is_ascii() && strsim::normalized_damerau_levenshtein(one, two) >= SLIP
            }
            _ => self == other,
        }
    }
}

/// Takes headers apart and compares them.
pub(super) struct Vocabulary {
    rows: BTreeMap<&'static str, (Role, usize)>,
    longest: usize,
}

/// A header in words.
#[derive(Debug, Clone)]
pub(super) struct Words(Vec<Word>);

impl Vocabulary {
    pub fn new() -> Self {
        let rows: BTreeMap<_, _> =
            WORDS.iter().enumerate().flat_map(|(row, (role, words))| words.iter().map(move |word| (*word, (*role, row)))).collect();
        let longest = rows.keys().map(|word| word.chars().count()).max().unwrap_or(1);
        Self { rows, longest }
    }

    /// Latin words end at a sign, a digit or a capital letter; of Chinese the longest known word is taken, else one character.
    pub fn words(&self, header: &str) -> Words {
        let characters: Vec<char> = header.nfkc().collect();
        let mut words = Vec::new();
        let mut at = 0;
        while at < characters.len() {
            let first = characters[at];
            if !first.is_alphanumeric() {
                at += 1;
                continue;
            }
            let end = if first.is_ascii_digit() {
                run(&characters, at, |_, c| c.is_ascii_digit())
            } else if first.is_ascii_alphabetic() {
                run(&characters, at, |before, c| c.is_ascii_alphabetic() && !(c.is_ascii_uppercase() && before.is_ascii_lowercase()))
            } else {
                self.longest_known(&characters, at)
            };
            let word: String = characters[at..end].iter().flat_map(|c| c.to_lowercase()).collect();
            words.push(self.word(word));
            at = end;
        }
        Words(words)
    }

    /// The words of a header that somebody may have mistyped.
    pub fn words_of_header(&self, header: &str) -> Words {
        let known = |word: Word| match &word {
            Word::Own(own) if own.len() > 4 && own.is_ascii() => self.nearest(own).unwrap_or(word),
            _ => word,
        };
        Words(self.words(header).0.into_iter().map(known).collect())
    }

    /// The known word that an unknown one is a slip of.
    fn nearest(&self, word: &str) -> Option<Word> {
        let rated = self.rows.iter().map(|(known, place)| (strsim::normalized_damerau_levenshtein(word, known), place));
        let (likeness, (role, row)) = rated.max_by(|one, other| one.0.total_cmp(&other.0))?;
        (likeness >= SLIP).then_some(Word::Known(*role, *row))
    }

    /// A word by its row; in the plural, too.
    fn word(&self, word: String) -> Word {
        let singular = [word.strip_suffix('s'), word.strip_suffix("es")].into_iter().flatten();
        let found = std::iter::once(word.as_str()).chain(singular).find_map(|form| self.rows.get(form));
        found.map_or_else(|| Word::Own(word.clone()), |(role, row)| Word::Known(*role, *row))
    }

    fn longest_known(&self, characters: &[char], at: usize) -> usize {
        let is_known = |end: &usize| self.rows.contains_key(characters[at..*end].iter().collect::<String>().as_str());
        (at + 1..=(at + self.longest).min(characters.len())).rev().find(is_known).unwrap_or(at + 1)
    }
}

/// Where a run of characters ends that begins at `at`.
fn run(characters: &[char], at: usize, goes_on: impl Fn(char, char) -> bool) -> usize {
    (at + 1..characters.len()).find(|next| !goes_on(characters[next - 1], characters[*next])).unwrap_or(characters.len())
}

impl Words {
    /// How much it says: a form alone says half a word.
    pub fn weight(&self) -> f64 {
        self.0.iter().map(Word::weight).sum()
    }

    fn forms(&self) -> Vec<&Word> {
        self.0.iter().filter(|word| matches!(word, Word::Known(Role::Form, _))).collect()
    }

    /// Dice's share of what both say, by weight; halved where both name a form and not the same one.
    pub fn likeness(&self, other: &Self) -> f64 {
        let all = self.weight() + other.weight();
        if all == 0.0 {
            return 0.0;
        }
        let mut free: Vec<&Word> = other.0.iter().collect();
        let (mut shared, mut says_something) = (0.0, false);
        for word in &self.0 {
            if let Some(at) = free.iter().position(|candidate| word.says(candidate)) {
                shared += word.weight() + free.remove(at).weight();
                says_something |= !word.is_number();
            }
        }
        // `X1` and `评分1` have their number in common.
        if !says_something {
            return 0.0;
        }
        let (one, two) = (self.forms(), other.forms());
        let is_torn = !one.is_empty() && !two.is_empty() && one.iter().all(|form| !two.contains(form));
        shared / all * if is_torn { 0.5 } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(one: &str, two: &str) -> f64 {
        let vocabulary = Vocabulary::new();
        vocabulary.words_of_header(one).likeness(&vocabulary.words(two))
    }

    #[test]
    fn headers_that_say_the_same_in_other_words_or_another_language_are_alike() {
        for (one, two) in [
            ("立案时间", "立案日期"),
            ("filing_date", "filed_on"),
            ("CaseNo", "案件编号"),
            ("承办单位", "办案机关"),
            ("DecisionDate", "决定日期"),
        ] {
            assert!(likeness(one, two) > 0.99, "{one} {two}: {}", likeness(one, two));
        }
    }

    #[test]
    fn a_neighbour_that_shares_most_characters_is_not_alike() {
        for (one, two) in [("立案日期", "结案日期"), ("处罚决定日期", "处罚决定书文号"), ("企业名称", "企业类型"), ("case_id", "case_name")]
        {
            assert!(likeness(one, two) < 0.6, "{one} {two}: {}", likeness(one, two));
        }
    }

    #[test]
    fn a_slip_of_the_pen_in_a_long_word_is_forgiven() {
        assert!(likeness("adress_registred", "address_registered") > 0.5);
        assert_eq!(likeness("", "case"), 0.0);
    }

    #[test]
    fn no_word_stands_in_two_rows() {
        let words: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        assert_eq!(Vocabulary::new().rows.len(), words.len());
    }
}
