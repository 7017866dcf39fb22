//! The sentences and words of pages.
//!
//! In: codes of tables. Out: zh-CN for justice officials. Never here: figures, HTML.

use jiff::civil::Date;

pub use crate::explain::codes::{domain, empty_class, is_uncertain, line_kind, peer_group, size, tier, withheld};
use crate::explain::records::Part;
use crate::findings::tables::{Decision, FindingKind, Outcome, State, WhyIgnored};
use crate::library::detector::Statistic;
use crate::library::indicator::Better;
use crate::report::input::Minimum;
use crate::report::numbers;
use crate::scoring::audit::IndicatorAudit;
use crate::scoring::difference::Cause;
use crate::scoring::tables::{Said, Way};
use crate::statistics::control_chart::{Assurance, Rule, Side};
use crate::statistics::funnel::Position;
use crate::statistics::ranks::Band;
use crate::terms::Period;

macro_rules! catalogue {
    ($($name:ident = $text:literal;)*) => { $(#[doc = $text] pub const $name: &str = $text;)* };
}

catalogue! {
    // Frame
    SKIP = "跳到正文";
    OPEN_RANKS = "可能名次";
    RECONCILIATION_BY_UNIT = "单位较多，逐条清单在各单位自己的页面（点单位名称），全部见结果表 reconciliation_rows。";
    PUBLIC_READING = "怎样读这份排名";
    PUBLIC_PAIRS = "两个单位之间，“全组范围”（见排名文书和数据文件）不重叠的，才可以说高下，范围在前的为优；重叠的，名次的先后可能只是偶然，不能当作高下引用。";
    PUBLIC_GROUPS = "只在同类组内比较。不同组的总分、名次不可比较，也不可合并排列。";
    PUBLIC_PROVISIONAL = "没有名次的，写明了原因；等次标“暂定”的，所依据的记录太少，不宜引用。";
    PUBLIC_FINES = "罚款数额、没收数额和案件数量不增加任何单位的得分（行政处罚法第74条）。";
    PUBLIC_NOT_A_VERDICT = "总分说明考核期内的记录所显示的执法过程，不是对任何案件、任何人员的评价。";
    TODAY = "今日须处理";
    SINCE_BEFORE = "上次运行以来";
    TODAY_UNMOVED = "名次没有变动";
    FIND = "查找本页";
    HITS = "找到 {n} 行，共 {all} 行";
    SORT = "按此列排序；再按一次反向，第三次恢复原序";
    PERIOD = "考核期";
    AS_OF = "数据截止";
    RUN = "运行编号";
    SCHEME = "考核方案";
    NAVIGATION = "页面导航";
    READER_OFFICE = "监督办公室内部使用";
    READER_UNIT = "供本单位核对";
    READER_PUBLIC = "公开排名";
    FOOT_SELF = "本页不依赖网络，可直接存档、打印。";
    FOOT_SCHEME = "方案校验值";
    FOOT_DATA = "数据版本";
    DATA_VERSIONS = "数据版本";
    DATA_VERSIONS_NOTE = "本次运行所读的各源表在数据湖中的版本；页脚的“数据版本”是它们合在一起的校验值，两页相同，所读的数据就相同。";
    FOOT_ENGINE = "计算程序 kaohe";
    PAGE_RANKING = "排名";
    PAGE_FINDINGS = "疑点";
    PAGE_SYNERGY = "区域协同";
    PAGE_BURDEN = "企业负担";
    PAGE_RECONCILIATION = "数据比对";
    PAGE_VERIFICATION = "自报与核实";
    PAGE_QUALITY = "数据质量";
    PAGE_METHOD = "方法说明";
    PAGE_REGIONS = "区划";
    TITLE_DOMAINS = "各执法领域";
    TITLE_REGIONS = "各行政区划";
    TITLE_INDICATORS = "各项指标";
    DOMAINS_NOTE = "每个领域一页：其中各同类组的全部对象，以及涉及该领域的指标。领域之间不相加、不比较。";
    REGIONS_NOTE = "每个市、县一页：本地各单位（含下级）在各自同类组中的名次，以及本地的协同、负担指数。区划没有总分。";
    REGIONS_BELOW = "下级区划";
    REGION_RANKS_NOTE = "名次是各单位在全省同类组中的名次，不是在本地的名次。";
    INDICATORS_NOTE = "每项指标一页：定义和依据，全部对象的完成值，以及在同类中的位置。“低于同类”“高于同类”是超出95%界限的对象个数；不同不等于有错。";
    OBJECTS_WITH_VALUE = "有完成值的";
    LOWER_THAN_PEERS = "低于同类";
    HIGHER_THAN_PEERS = "高于同类";
    VALUES_OF_ALL = "全部对象";
    PEER_GROUPS = "同类组";
    BETTER = "以何为优";
    FUNNEL_NOTE = "漏斗图横向是案件数（对数），纵向是完成值，横线是同类合计；件数越少，偶然波动越大，界限越宽。圆点在95%界限之内，空心圈在95%与99.8%界限之间，方块在99.8%界限之外。界限已计入同类之间通常的差异；不同不等于有错，先看件数和记录。同类中能画的不足十家的，不画。";
    NO_FUNNEL = "同类中有完成值的都不足十家，不画漏斗图；先后以95%区间为准，区间重叠的不能分出高下。";
    CASES_LOG = "案件数（对数刻度）";
    TITLE_RANKING = "行政执法考核排名";
    TITLE_SYNERGY = "跨区域执法协同";
    TITLE_BURDEN = "企业执法负担指数";
    TITLE_RECONCILIATION = "系统与平台数据比对";
    TITLE_VERIFICATION = "自报与核实的一致";
    TITLE_METHOD = "考核方法说明";
    NONE = "—";

    // Methodology
    CURVES = "计分曲线";
    CURVES_NOTE = "“值→分”之间按直线计算，两端以外按端点计；比率写作0至1。目标只作展示，不参与计分。";
    NODE = "所在组";
    CURVE = "曲线（值→分）";
    BETWEEN_POINTS = "，";
    AUDIT = "方案体检";
    AUDIT_NOTE = "名义权重：该指标在总分中的分值占比（权重移动后的平均）。实际影响：同类组内总分的差异有多大部分来自该指标。两者相差超过10个百分点、得分拉不开差距、三分之一以上的单位没有数值的，应当在下一年度修订方案时研究。";
    NOMINAL_WEIGHT = "名义权重";
    EFFECTIVE_WEIGHT = "实际影响";
    AVAILABLE = "有数值";
    DEVIATION = "得分标准差";
    AT_FULL = "满分占比";
    WITHOUT_IT = "去掉后的名次变动";

    // Ranking
    KEY_FIGURES = "概况";
    OBJECTS = "考核对象";
    RANKED = "参加排名";
    WITHHELD = "不参加排名";
    GROUPS = "同类组";
    LOADED_RECORDS = "入库记录";
    QUARANTINED_RECORDS = "隔离记录";
    HELD_ITEMS = "沿用上次结果";
    NOT_REPORTED = "未报送";
    FINDINGS = "疑点";
    GRADES = "等次分布";
    RANKING = "分组排名";
    RANKING_NOTE = "只在同类组内排名，组与组之间不可比较。名次下的区间为只计偶然因素时名次的可能范围：区间重叠的主体，先后不宜深究。";
    JUMP = "转到同类组";
    INDEX_OF_UNITS = "全部考核对象";
    INDEX_NOTE = "每家一行，用页首的查找框可直接找到";
    RANKS_BY_DOMAIN = "各领域名次（括号内为只计偶然因素的可能范围）";
    NOT_RANKED = "不参加排名";
    PARTS_OF_PAGE = "本页各部分";
    LOST_MOST = "失分最多的指标";
    LOST_MOST_NOTE = "失分＝该指标在本单位的实际分值×（100－得分）÷100，从多到少列前五项；点指标名看所涉记录。";
    RANK = "名次";
    UNIT = "执法主体";
    TOTAL = "总分";
    GRADE = "等次";
    CLASS_SCORES = "类别得分";
    MOVED = "较上次";
    NOTE = "说明";
    MEDIAN = "中位数";
    HIGHEST = "最高";
    LOWEST = "最低";
    TO_TOP = "返回页首";
    UNMOVED = "持平";

    // Unit
    TIER = "层级";
    REGION = "行政区划";
    SIZE = "规模";
    PARENT = "上级单位";
    PREDECESSOR = "承继";
    DECLARED = "自报与认定";
    DECLARED_NOTE = "计分一律依数据的认定，自报的标志只作比对。每种标志先列全部单位，再列不一致最多的主体（至多五家）；全部见结果表 declarations。不一致是疑问，不是结论。";
    UNIT_REMARKS = "各单位的提示与隔离";
    UNIT_REMARKS_NOTE = "某一单位的记录被提示或隔离的比例，达到全部单位的两倍以上的（至少三条），按条数列出前三十项；全部见结果表 unit_remarks。比例高可能是系统对接不全，也可能使该单位的部分记录不计入考核，需向单位核实。";
    OWN_REMARKS = "报送数据的提示与隔离";
    OWN_REMARKS_NOTE = "装载时对本单位记录的提示，以及被隔离、没有装载的记录数。有提示的记录照常装载，是否计入考核以各行说明为准；更正后重报全量即可。";
    SHARE_OF_SENT = "占其报送";
    SHARE_OF_ALL = "全部单位";
    FLAG = "标志";
    COMPARED = "比对数";
    ONLY_DECLARED = "自报是而认定否";
    ONLY_DERIVED = "自报否而认定是";
    PEER_GROUP = "同类组";
    POSITION = "在同类组中的位置";
    NOTICE = "提示";
    INDICATOR_TITLE = "指标名称";
    OTHER_UNIT = "对方单位";
    NODE_TITLE = "节点名称";
    DETECTOR_TITLE = "规则名称";
    REGION_NAME = "地区名称";
    NEIGHBOUR_NAME = "相邻地区名称";
    TABLE_TITLE = "来源表名称";
    OPEN_BEST = "可能最好名次";
    OPEN_WORST = "可能最差名次";
    SET_BEST = "全组范围最好";
    SET_WORST = "全组范围最差";
    PAGE_TABLES = "数据表";
    TITLE_TABLES = "数据表下载";
    TABLES_NOTE = "每张结果表一份 Excel 工作簿和一份 CSV（UTF-8，Excel 可直接打开），内容相同；工作簿的“说明”页列出各列含义和指标口径。行数很多的表只写前两万行，文件名和下表都写明；全部行在 tables 文件夹的 Parquet 中，也可用 kaohe sql 查询、导出。文本一律作文本，不含公式。";
    RECORD_PAGE = "排名文书（供打印、存档、引用）";
    RECORD_STANDING = "本文书的效力";
    RECORD_UNSIGNED = "本文书由一次运行生成，列明考核期、数据截止时间、方案及其指纹、数据版本和程序版本（见页首和页尾）。征求意见、更正、签发之前是公布的样稿，不得作为排名引用。";
    UNIT_NAME = "单位名称";
    PACKET_RECORD = "记录编号";
    PACKET_ROLE = "在本指标中";
    PACKET_DUE = "期限";
    PACKET_EXCLUDED = "剔除原因";
    PACKET_FACTS = "判断依据";
    PACKET_FILE = "源文件";
    PACKET_LINE = "行";
    PACKET_LOAD = "装载的运行";
    PACKET_AS_SENT = "原文（不含个人信息栏）";
    PACKET_TOTAL_BEFORE = "现总分";
    PACKET_TOTAL_AFTER = "支持申诉后总分";
    PACKET_RANK_BEFORE = "现名次";
    PACKET_RANK_AFTER = "支持申诉后名次";
    PACKET_GRADE_BEFORE = "现等次";
    PACKET_GRADE_AFTER = "支持申诉后等次";
    PACKET_EXPLANATION = "数字的来由：得分、曲线、完成值、分子分母、逐条记录";
    PACKET_RECORDS = "本指标的全部记录，一条一行，列明来源文件、行号和装载的运行（Excel 可直接打开）";
    PACKET_PAGE = "该单位的记分卡页面";
    PACKET_DEFINITION = "口径、时限、参数和考核方案的原文，与该次运行所读的逐字相同";
    PACKET_GRANTED = "如果支持申诉，各单位的总分、名次、等次怎样变化";
    EDITION = "版次";
    ERRATA_SINCE_RUN = "以下为与征求意见稿相比的更正。";
    ERRATA_SINCE_EDITION = "以下为与所更正的版次相比的更正；以前各版已经更正的，不再列出，仍然有效。";
    ERRATA_STAYS = "其中按去重口径计算的指标，上级单位另行计数，不随本单位更正：";
    ERRATA_ONLY_SHOWN = "其中只列示、不计分的指标，更正不影响总分：";
    FINAL_SCORECARD = "本记分卡已计入全部更正；各项指标的逐条记录见征求意见时送达本单位的记分卡。";
    ERRATA = "更正";
    ERRATA_FIGURES = "更正的数字（包括随之变化的上级单位的数字）";
    BY_DATA = "数据更正";
    ERRATA_MOVED = "总分、名次或者等次因此改变的主体";
    ERRATA_NONE = "没有更正。";
    ERRATA_MATTER = "事项编号";
    ERRATA_WHAT = "指标或者事项";
    ERRATA_BEFORE = "更正前";
    ERRATA_AFTER = "更正后";
    FELL_AWAY = "撤销";
    RECORD_VERIFIED = "本次发布的清单（manifest.json）列明每个文件的指纹，并附签名，连同冻结的数据由主管部门保存；据此可以用 kaohe release verify 核对签名，复算每一个分数。";
    RECORD_RECOMPUTED = "每个数字都可以由同一运行的数据表复算；排名只在同类组内进行。";
    RECORD_COLUMNS = "“可能名次”：只计案件多少带来的偶然，名次所在的范围。“±”：总分95%误差区间的半宽。“全组范围”：全组各家同时成立的名次范围；两家的范围不重叠的，才可以说高下，范围在前的为优；重叠的，不得说高下。“可以称优于”：由全组范围得出，不排名的写明原因。";
    RECORD_CURVES = "各指标的分值、目标和计分曲线见";
    TOTAL_HALF_WIDTH = "±";
    BETTER_THAN = "可以称优于";
    BETTER_THAN_NOBODY = "无";
    RANK_SET = "全组范围";
    NO_SETS = "未计算全组范围，不得说高下";
    RANKING_FILES = "本排名的数据文件：";
    TABLE_OF = "结果表";
    ROW_IS = "每行是什么";
    ROWS_WRITTEN = "写出／全部行数";
    TABLE_FILES = "下载";
    BESIDE = "与前后名次的差别";
    BESIDE_NOTE = "本单位更高的概率：按两家的总分和各自的误差推算，本单位真正高于该单位的把握，50%就是分不出高下；只就这两家而言，只计案件多少带来的偶然。两家单独比把握再大，也不等于可以对外说：全组各家两两都比，总有几对会碰巧显得差别大，所以“对外可以说”一栏要求全组同时成立，较严。";
    THIS_UNIT = "本单位";
    PROBABILITY_ABOVE = "本单位更高的概率";
    MAY_BE_SAID = "对外可以说";
    NEXT_GRADE = "离上一等次有多远";
    NEXT_GRADE_NOTE = "说明差距有多大：分母、同类和其他指标都不变，只数计入得分的记录（方案规定含所属单位的，一并计），各指标分别计，一条记录计入几个指标的算几项。由复议、诉讼、群众评价、案卷评查等他人认定的指标，以及平均数、金额和按同类比较计分的指标，一律不数。这不是办案任务：罚款和案件数量多少都不提高得分（行政处罚法第七十四条）；已有的记录不得改动，有误的按下面的办法提出复核。";
    ONE_ALONE = "只改一项也够的：";
    CLASSES = "类别得分";
    INDICATOR = "指标";
    FRACTION = "分子／分母";
    VALUE = "完成值";
    TARGET = "目标";
    PENDING = "未到期";
    EXCLUDED = "剔除";
    SCORE = "得分";
    POINTS = "分值";
    TREND = "逐月走势";
    EARNED = "实得";
    DEFINITION = "口径与依据";
    LEDGER = "动态考核台账";
    LEDGER_NOTE = "各指标逐月情况。按期限所在月份归属；数据截止之后的月份只有未到期的事项；即将到期的天数见方法说明。得分为当月完成值按方案计分曲线所得，仅供对照，总分按全期合计计算。";
    MONTH = "月份";
    DUE_SOON = "其中即将到期";
    RECORDS = "涉及的记录";
    TO_RECORDS = "看记录";
    RECORDS_NOTE = "计分指标中拉低得分、未到期和剔除的记录，按期限先后；达标的和只展示的指标不列。展开的清单随页面打印。全部记录可向考核办索取。文件和行号是所标那次装载时的位置；内容未变的月份不重新装载，此后送来的文件里位置可能不同。";
    NOT_LISTED = "不能逐条列出";
    NOT_BY_RECORD = "本指标按对象去重或按数值加总，记录条数不必等于分子、分母。";
    LIST_SEPARATOR = "；";
    NAME_SEPARATOR = "、";
    DEADLINE = "期限";
    SITUATION = "情况";
    BASIS = "依据";
    ID = "编号";
    WEIGHT_MOVED = "“分值”列为实际分值／方案分值。不适用、暂无到期事项的指标，其分值在同一上级之内按比例并入其他指标，不跨类别移动。";
    POINTS_GONE = "已并入同级";
    POINTS_GONE_FAR = "已并入同类其他指标";
    READING = "细线为95%区间，圆点为完成值，红色竖线为目标；区间越宽，说明样本越少，数值越不稳定。";
    READING_PEERS = "底色为同类中间的一半。";
    READING_LIMITS = "趋势图的浅色带是本单位自身各月的控制界限，方块是超出通常波动的月份。";
    ADJUSTMENTS = "加减分与一票否决";
    ADJUSTMENT_DATE = "日期";
    ADJUSTMENT_KIND = "类型";
    ADJUSTMENT_POINTS = "分";
    ADJUSTMENT_SAYS = "事由";
    ADJUSTMENT_DOCUMENT = "文号";
    APPEAL = "对结果有异议怎么办";
    APPEAL_HOW = "请写明考核期、运行编号、指标名称和编号，附案件（记录）编号与证明材料，向考核办书面提出复核。复核期间原结果照常显示；更正经批准后计入下一次运行，并在“加减分与一票否决”或更正说明中留痕。";
    APPEAL_SOURCE = "如系本单位报送的源数据有误，请先在原业务系统中更正，再随下一次全量数据报送；不接受直接修改考核结果。";
    NO_OBJECT = "本单位在本考核期内没有得分。";

    // Status
    TOO_FEW = "样本不足";
    GRADE_PROVISIONAL = "暂定";
    TITLE_DIFFERENCE = "两次运行的比较";
    TWO_RUNS = "比较的两次运行";
    BEFORE = "前";
    AFTER = "后";
    NOTHING_CHANGED = "没有变化：读的记录、文本和程序相同，各结果表逐字节相同。";
    BY_CAUSE = "分数变化的原因";
    BY_CAUSE_NOTE = "从前一次到后一次，依次换上后一次的数据（含到期）、时限和参数、口径、考核方案、主体名录，每换一样重新计分一次，其差即为该原因的分数；每个对象各原因之和等于总分的变化。两个原因共同作用的部分，计入后换的一个。下列为各对象变化绝对值之和。";
    CAUSE = "原因";
    CAUSE_MEANING = "是什么";
    POINTS_MOVED = "分数变化（绝对值之和）";
    WHO_MOVED = "总分、名次、等次有变化的";
    LINES_MOVED = "变化最大的项";
    NO_TOTAL_IN_ONE = "其中一次没有总分，不分原因";
    INDICATORS_MOVED = "完成值有变化的指标";
    VALUES_MOVED = "有变化的／全部";
    TABLES_MOVED = "读到其他记录的源表";
    TEXTS_MOVED = "有变化的文本（queries/ 下）";
    NAMES_MOVED = "其中的时限和参数";
    UNITS_MOVED = "新增和减少的主体";
    MOVES_NO_SCORE = "不影响分数";
    VALUES_BY_DOMAIN = "对象较多，逐个的完成值和漏斗图按领域分页：点同类组名称。";
    NOTHING_DUE = "暂无到期事项";
    CONFIDENTIAL = "答卷过少，不列不计";
    NOT_APPLICABLE = "不适用";
    HELD = "数据来源未到，沿用上次结果";
    ABSENT_AS_ZERO = "应报未报，按零分计";
    REPORT_ONLY = "只展示，不计分";
    MISSING = "没有数值";
    PROVISIONAL = "期限暂定";

    // Findings
    FINDINGS_HEAD = "疑点（供核查，不直接扣分）";
    FINDINGS_NOTE = "疑点是数据中的异常形态，不是结论。每一条都应先排除所列的正常原因，再调取案卷核实；核实后的处理须有文件依据，另行记入。";
    NO_FINDINGS = "本期没有疑点。";
    NO_PEERS_TO_DRAW = "没有可以对照的主体，因此没有图。";

    EFFECTS = "已知影响";
    EFFECTS_NOTE = "下列日期的记录不参加统计检验，所涉月份不计入月度监测；事实类疑点照列。没有依据文件的不予剔除（源表 known_effects）。";
    EFFECT_NAME = "影响";
    EFFECT_WHO = "涉及";
    EFFECT_DAYS = "日期与适用";
    EFFECT_DOCUMENT = "依据文件";
    EVERYBODY = "全部主体";
    EVERYTHING = "全部领域";

    // Monthly watch
    PAGE_WATCH = "月度监测";
    WATCH_NOTE = "各主体与自己各月的通常水平相比（控制图，中心线和控制限取自图中全部月份），不与他人比较：信号说明有了变化，不说明好坏的原因，既不是疑点，也不影响得分。比例用 P′ 图，其余用 XmR 图；灰色带为控制限，横线为中心线，方点是出现信号的月份。规则：超出控制限；连续七个月在中心线同侧，或者连续七个月上升、下降（满七个月时报一次）；三个月中有两个月靠近同一侧控制限（外三分之一）。只看记录已满的月份；有备案的专项行动、数据迁移等月份不计入。";
    WATCH_CHANCE = "即使什么也没有发生，每月也会有约百分之二的图出现信号：信号用于决定先看哪里。";
    WATCH_NEWS = "本月出现信号的";
    NO_WATCH = "本月没有信号。";
    WATCH_SIGN = "变化";
    WATCH_VALUE = "本月";
    WATCH_USUAL = "通常（控制限）";
    WATCH_TARGET = "目标";
    WATCH_MONTH = "月份";
    WATCH_CENTRE = "中心线";
    WATCH_MONTHS = "月数";
    LEFT_OUT = "已知影响剔除条数";
    FINDINGS_WORKBOOK = "下载工作簿（全部疑点、证据和检验）";
    FINDINGS_NUMBER = "。复核结论填入“疑点复核”表（findings_review）：疑点编号（主体名称下方，前后两段都要）、主体编码、复核日期、复核结论（属实、有合理解释、不属实）、核查文书。编号的后半段代表证据，证据有变，疑点重新列出；没有写后半段的，不知道针对哪些证据，不生效。复核日期晚于数据截止日的，到那一日的考核才生效。";
    FINDINGS_OPEN = "待核查，值得先看的在前";
    FINDINGS_ORDER = "次序按“严重程度 × 把握 × 规模”：严重程度由检测规则给定（1 至 5），把握为 1 减 q 值（事实为超出他人的部分：本主体的占比越高于同领域其余主体，越高），规模为 1 加证据条数的常用对数。图中红点是本主体，蓝点是同类主体（事实类为另有该情形的主体），竖线是同类通常水平。";
    FINDINGS_BY_UNIT = "按主体";
    FINDINGS_REVIEWED = "已有复核结论";
    REVIEWS_IGNORED = "没有生效的复核结论";
    REVIEWS_IGNORED_NOTE = "本期“疑点复核”表（findings_review）中，因下列原因没有生效的各行；更正后重报即可。";
    REVIEWED_ON = "复核日期";
    DOCUMENT_OF_REVIEW = "核查文书";
    REASON_IGNORED = "原因";
    FINDINGS_RESOLVED = "本期曾有、现已无";
    FINDINGS_RESOLVED_NOTE = "数据已更正，不再超过界限，或者检测规则、参数、统计时段已有变化。已作出的复核结论照列。";
    RESOLVED_ON = "消除日期";
    DETECTORS = "检测规则";
    DETECTORS_NOTE = "事实逐条列出，不作检验。统计疑点须同时满足：全部检验一并校正后 q 值小于 0.05，记录数足够，偏离达到下限。记录太少或前提不符的，不作判断，不等于没有问题。";
    PATTERN = "情形";
    LOOK_AT = "核查要点";
    DOCUMENTED = "公开案例";
    TESTS_MADE = "已检验";
    TESTS_TOO_FEW = "记录太少";
    TESTS_NOT_APPLICABLE = "前提不符";
    ORDER = "次序";
    STATE = "状态";
    REVIEW = "复核结论";
    COMPARED_WITH = "对照水平";
    FINDING_NUMBER = "疑点编号";
    NOTES = "说明";
    TESTS = "检验";
    SEVERITY = "严重程度";
    WORTH = "次序值";
    EFFECT_ALONE = "效应（多数规则为优势比，见检测规则）";
    LOW = "95% 下限";
    HIGH = "95% 上限";
    UNIT_CODE = "主体编码";
    CONTROL_LOW = "控制下限";
    CONTROL_HIGH = "控制上限";
    YEAR_BEFORE = "上年同期";
    FAMILY_Q = "同一规则内 q 值";
    SIGN = "迹象";
    OUTCOME = "结果";
    WHY_NOT_JUDGED = "未作判断的原因";
    LINE = "行";
    MINIMUM = "最少记录数";
    ODD = "异常记录数";
    PEERS = "同类主体数";
    FLOOR = "偏离下限";
    HOW_JUDGED = "判定说明";
    FINDINGS_SIGNED = "本工作簿只供监督机关内部使用，不得公开或转交被核查单位。";
    KIND = "性质";
    FINDING_KIND = "类型";
    FINDING_COUNT = "疑点数";
    SUBJECT = "检视范围";
    SAYS = "情况";
    STATISTIC = "统计量（多数规则为异常占比，见检测规则）";
    P_VALUE = "p 值";
    Q_VALUE = "q 值（校正后）";
    LOOKED_AT = "检视记录数";
    BENIGN = "可能的正常原因";
    EVIDENCE = "证据";
    RECORD = "记录编号";
    TABLE = "源表";
    WHAT_IS_ODD = "异常之处";
    FILE_LINE = "文件与行号";
    EVIDENCE_COUNT = "证据数";

    // Synergy
    SYNERGY_NOTE = "只统计跨区域事项，责任归于应当作为的一方；各项时限见指标手册的时限表。P 联合巡查，T 线索及时移送，A 及时受理或说明理由，R 及时反馈，K 同案处罚一致性。事项过少的一对不评分。T 下为自知悉归属至移送的中位天数，未移送的一并计入。中位天数含本期知悉而期限未到的，所以与左边的到期事项不是同一批。“始终未移送”是期限已过而一直没有移送的线索。K 为同类处罚裁量位置的差距，任一方可比处罚不足的只展示；其下为不相邻各对的中位数，以及其中一致程度不低于本对的比例：比例小，才说明相邻双方比通常更一致。括号内为 95% 区间；联合巡查是全数，没有抽样误差。联合巡查只在计划要求的领域应做；没有约定次数的，与全部邻区合计，以应巡查次数为限。";
    SYNERGY_REGIONS = "各区域协同指数";
    SYNERGY_INDEX = "协同指数";
    SIDE_WHOLE = "合计";
    COUPLING = "耦合协调度";
    COUPLING_NOTE = "耦合协调度（修正式）仅供对照，不进入任何得分：它主要反映双方水平的高低，多数情况下接近 1，各年之间也难以比较。";
    NEIGHBOURS = "评分邻区／邻区";
    DUE = "计入／到期事项";
    REASON = "不评分原因";
    MATRIX = "协同矩阵";
    MATRIX_NOTE = "行是责任方，列是对方；每格为一对邻区各分项，颜色越深完成越好，浅红表示低于 60%。";
    RESPONSIBLE = "责任方";
    MAP = "相邻关系示意图";
    MAP_NOTE = "圆点是地区，颜色为协同指数；线是相邻关系，颜色为两侧中较低的一侧，线越粗完成得越好，低于75%的为虚线。位置只由谁与谁相邻算出，不表示方位和距离；指数见上表，各对的数值见下表或者各地区的页面。";
    PAIRS = "分项明细";
    PAIRS_ELSEWHERE = "相邻地区很多，各对的分项在各地区自己的页面（点上表的地区名），全部见数据表 synergy_pairs、synergy_sides。";
    NEIGHBOUR = "对方";
    CROSS_PROVINCE = "跨省，只展示";
    FEW_CONTACTS = "往来过少，不计入";
    FEW_AND_SHOWN = "样本不足，只展示";
    MEDIAN_NOT_REACHED = "过半未移送";
    OWN_SIDE = "跨区域协同：本区域一方各分项";
    OWN_SIDE_NOTE = "按时／到期；责任在对方的事项不计入本区域。";
    SCALE = "色阶";
    PART = "分项";
    OTHER_REGION = "对方区划";
    BEGUN = "起算";
    DONE = "办理";
    COMPOSITE_COMMENT = "由地区数据合成，各分项列在本页指标表之后。";
    COMPOSITE_BASIS = "2026考核计划";
    NOT_JUDGED = "没有到期事项，或只展示";
    NO_SYNERGY = "本期没有区域协同数据。";

    // Burden
    BURDEN_NOTE = "每户平均按季计；样本只含中小微企业，检查登记一行则就全部在营企业而言。基期 = 100，低于 100 表示负担减轻。竖线为 95% 区间；区间包含 100 的，表述为“无可辨识变化”。法定安全投入不计入。指数不用于对单个执法主体排名。";
    SCOPE = "范围";
    QUARTER = "季度";
    COMPONENT = "构成";
    INDEX = "指数";
    INTERVAL = "95% 区间";
    FIRMS = "样本企业";
    UNCHANGED = "无可辨识变化";
    CHANGED_DOWN = "负担减轻";
    CHANGED_UP = "负担加重";
    READING_OF_IT = "判断";
    PROVINCE = "全省";
    EQUIPMENT = "法定安全投入";
    EQUIPMENT_NOTE = "法律规定必须购置的安全设备，基期 = 100，不计入指数。";
    BURDEN_PARTS = "企业执法负担指数的构成";
    NO_BURDEN = "本期没有企业负担数据。";
    ONLY_SHOWN = "仅供对照";
    MEAN_OF_FIRMS = "每户平均";
    CONTRIBUTION = "对指数的影响";
    CARRIED_BY_REGISTER = "最近一季，综合指数中的检查次数由检查登记承担：登记是全数，没有抽样误差，且企业自报与登记相符。";
    CARRIED_BY_PANEL = "最近一季，综合指数中的检查次数由企业自报承担：基期或最近一季的登记与自报不相符（见下表“判断”），或两期的相符程度相差过大，或没有可比的登记。漏记检查，不得反而显得负担减轻。";
    RECORDED_VISITS = "检查次数账实比";
    RECORDED_VISITS_NOTE = "同一企业、同一季度：系统登记的入企检查次数 ÷ 企业自报的次数；“登记覆盖”逐户计算，一户多记的不抵另一户漏记的。明显小于 1，可能有检查没有登记；明显大于 1，可能登记了没有进行的检查，或企业少报。是线索，不是结论。";
    REPORTED = "企业自报";
    RECORDED = "系统登记";
    RATIO = "账实比";
    COVERED = "登记覆盖";
    BASE_QUARTER = "基期";
    INSIDE_BAND = "大体相符";
    TOO_FEW_RECORDED = "登记偏少";
    TOO_MANY_RECORDED = "登记偏多";
    POWER = "这个样本能看出多大的变化";
    POWER_NOTE = "小于“可辨识的上升”的变化，这个样本多半看不出来：“无可辨识变化”不等于没有变化。离散系数为标准差与平均数之比；两期相关只就两期都回答的企业而言。";
    PAIRED_FIRMS = "两期都有";
    VARIATION = "离散系数";
    CORRELATION = "两期相关";
    HALF_WIDTH = "区间向上的宽度";
    DETECTABLE_RISE = "可辨识的上升";
    PLANS = "换一个样本：区间向上的宽度";
    PLANS_NOTE = "配合工时，按本样本的离散系数计算；各列为同一企业两期回答的相关系数，0 为每期另抽样本。";
    OTHER_WAYS = "另外两种算法";
    OTHER_WAYS_NOTE = "链接指数逐季相连，层有增减时可与定基指数对照；校准指数调整权重，使样本的检查次数与登记的总数相等。登记与自报不相符的季度不作校准。缩尾的是超过本层上限（见方法说明）的回答：按该限计，从不删除，缩去的数为各户之和（次、人·时、元）。";
    CHAINED = "链接指数";
    CALIBRATED = "校准指数";
    WINSORISED = "缩尾的回答";
    EXCESS = "缩去的数";

    // Reconciliation
    RECONCILIATION_NOTE = "执法系统与考核平台的案件、检查，按决定书文号（没有文号的用案件编号）、检查编号逐条比对。期限在考核期内已到的：两侧都有且各比对项相等的为相符，只在一侧有的为缺失；期限未到的为在途，不计入一致率。一致率＝相符÷（相符＋不同＋平台缺失＋系统缺失）。一条记录有多项不同的，按第一项计数，逐条列出各项。只计本单位名下的记录，不含下级单位。两侧取自同一份文件的没有比对的意义，剔除。";
    RECONCILIATION_ROWS = "不一致的记录";
    RECONCILIATION_ROWS_NOTE = "按期限先后；全部见结果表 reconciliation_rows，在途的也在其中。当事人代码是个人信息，只说明不同，不显示。文件和行号是所标那次装载时的位置。";
    OWN_RECONCILIATION_ROWS = "不一致和在途的记录";
    OWN_RECONCILIATION_ROWS_NOTE = "按期限先后。在途的记录在期限前到达平台且各项相等，即为相符。当事人代码是个人信息，只说明不同，不显示。文件和行号是所标那次装载时的位置。";
    NO_RECONCILIATION = "本期没有可以比对的记录。";
    DOMAIN = "领域";
    ALL_UNITS = "全部单位";
    ALL_RECORDS = "合计";
    MATCHED = "相符";
    DIFFERING = "不同";
    MISSING_ON_PLATFORM = "平台缺失";
    MISSING_IN_SYSTEM = "系统缺失";
    IN_TRANSIT = "在途";
    DIFFERING_FIELDS = "不同的项";
    CONSISTENCY = "一致率";
    AGREES_SO_FAR = "已到平台，各项相等";
    NOT_ON_PLATFORM = "平台上没有";
    NOT_IN_SYSTEM = "执法系统中没有";
    PLACE_ON_PLATFORM = "平台";

    // Verification
    VERIFICATION_NOTE = "全周期考核的四种方式，各季度单位自己记录的、核实属实的：比例，核实属实数／自报数。四种方式所数的不同（日常跟踪数记录，阶段核验数抽取的事项，现场抽查和第三方评估数核对的事实），并列，不相加。第三方评估得分不是对自报数的核实，只列在一旁。季度按整季计。";
    WAY = "核实方式";
    NO_VERIFICATION = "本期没有核实的结果。";

    // Quality
    QUALITY_NOTE = "每一条记录都有去处：读到 ＋ 拆分增加 ＝ 入库 ＋ 隔离 ＋ 重复 ＋ 过滤 ＋ 暂缓；读取字节数等于文件大小。任何一项不符，本次运行即告失败。";
    ACCOUNTING_TABLES = "按源表核对";
    ACCOUNTING_FILES = "按文件核对";
    FILES = "文件数";
    FILE = "文件";
    FORMAT = "格式";
    BYTES = "字节";
    SEEN = "读到";
    EXPANDED = "拆分增加";
    LOADED = "入库";
    QUARANTINED = "隔离";
    DUPLICATES = "重复";
    FILTERED = "过滤";
    HELD_RECORDS = "暂缓";
    BALANCE = "核对";
    BALANCED = "相符";
    UNBALANCED = "不符";
    QUARANTINE_REASONS = "隔离原因";
    QUARANTINE_NOTE = "此处只列原因和条数，不显示原文；原文在隔离文件中，凭权限查看。一条记录可有多个原因。";
    WARNINGS = "提示";
    WARNINGS_NOTE = "有提示的记录照常装载；是否计入考核，以各行说明为准。";
    CHECK = "检查项";
    ROWS = "条数";
    HELD_NOTE = "数据来源未到或不合格时，相关指标沿用上次结果并注明，其余照常发布。";
    HELD_KIND = "类别";
    HELD_NAME = "名称";
    HELD_SINCE = "沿用结果的截止日";
    HELD_RAW = "程序原文";
    NOT_REPORTED_NOTE = "以下主体本月和上月没有一条记录：县、乡两级主体的案件和检查，以及此前十二个月每月都报送过的其他源表。";
    LAST_SEEN = "最近一次有记录";
    NEVER = "从未";
    DOMAIN_OF_NO_POWERS = "领域不在执法主体的领域之内：已装载，不计入任何考核对象";
    UNIT_OF_NO_REGISTRY = "执法主体编码不在单位表内：已装载，不计入任何单位";
    VETO_WITHOUT_EFFECT = "否决事项的代码和等次上限都不在考核方案内：没有起作用";
    MARKS = "期限与参数的保留";
    MARKS_NOTE = "超出已公布工作日历的期限为暂定；来源未经核对的期限和参数在此列明。";
    MARK_NAME = "期限或参数";
    CONFIRMED = "核对";
    SOURCE = "来源";
    PROVISIONAL_FROM = "暂定起始日";
    NOTHING_HERE = "无。";
}

/// Why a region has no synergy index.
pub fn synergy_reason(reason: &str) -> &str {
    match reason {
        "isolated" => "没有相邻区域",
        "insufficient_contact" => "往来事项过少",
        other => other,
    }
}

pub use crate::indices::synergy::part_title as synergy_part;

/// `差距 0.47，24 件` below K.
pub fn distance(delta: &str, compared: &str) -> String {
    format!("差距 {delta}，{compared} 件")
}

/// `中位 4 天` below T.
pub fn median_days(days: &str) -> String {
    format!("中位 {days} 天")
}

/// `到期 12 件` below the whole of a side.
pub fn due_on_side(due: &str) -> String {
    format!("到期 {due} 件")
}

/// `始终未移送 2 件` below T.
pub fn unsent(count: &str) -> String {
    format!("始终未移送 {count} 件")
}

/// What K of regions that do not touch is, below K.
pub fn reference(median: &str, pairs: &str, share: Option<&str>) -> String {
    let share = share.map(|share| format!("，不低于本对的占 {share}")).unwrap_or_default();
    format!("不相邻 {pairs} 对中位 {median}{share}")
}

/// `（61.2–90.1）` behind a figure.
pub fn between(low: &str, high: &str) -> String {
    format!("（{low}–{high}）")
}

/// Enterprises that were inspected more often than a cap allows.
pub fn over_caps(year: &str, enterprises: &str, over: &str, share: &str, interval: &str) -> String {
    format!("{year} 年以来，在营企业 {enterprises} 户，被检查次数超过年度频次上限（单个主体或合计）的 {over} 户，占 {share}{interval}。")
}

/// What was due between regions that are no neighbours: with a city or the province on one side, and others.
pub fn outside_pairs(above: Option<&str>, between: Option<&str>) -> String {
    let above = above.map(|due| format!("{due} 件涉及市级以上单位"));
    let between = between.map(|due| format!("{due} 件的两地不相邻"));
    let parts: Vec<String> = above.into_iter().chain(between).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("另有到期事项 {}，未计入相邻区县对，明细见结果表 synergy_pairs。", parts.join("、"))
    }
}

/// What a region's index rests on.
pub fn rests_on(scored: &str, neighbours: &str, due: &str) -> String {
    format!("计入邻区 {scored} 个（共 {neighbours} 个），到期事项 {due} 件。")
}

/// Why a region has no index.
pub fn without_index(reason: &str) -> String {
    format!("没有指数：{reason}。")
}

/// Above figures of an index that is held.
pub fn held_since(date: Option<&str>) -> String {
    date.map_or_else(|| format!("{HELD}。"), |date| format!("{HELD}（截至 {date}）。"))
}

/// Why a city has no burden index of its own.
pub fn panel_too_small(firms: &str, minimum: &str) -> String {
    format!("样本企业最多 {firms} 家，不足 {minimum} 家，不单独编制指数。")
}

/// A component of the burden index.
pub fn burden_component(component: &str) -> &str {
    match component {
        "index" => "综合指数",
        "visits" => "检查次数（企业自报，次）",
        "register" => "检查次数（检查登记，次）",
        "hours" => "配合工时（人·时）",
        "cost" => "额外支出（元）",
        "equipment" => EQUIPMENT,
        other => other,
    }
}

/// Why something is held; `tables` names what an indicator waits for.
pub fn held_reason(code: &str, tables: &str) -> String {
    match code {
        "no_file" => "没有收到文件".to_owned(),
        "not_pulled" => "未能从数据库取得完整数据".to_owned(),
        "file_unreadable" => "有文件不能读取".to_owned(),
        "too_many_quarantined" => "不合格的记录过多".to_owned(),
        "shrunk" => "记录数比上次大幅减少".to_owned(),
        "column_lost" => "缺少上次有值的列，或者有与标准列名相近的未知表头".to_owned(),
        "rows_lost" => "上次的文件或其中的记录缺失".to_owned(),
        "source_held" => format!("所依据的源表沿用上次数据：{tables}"),
        "definition_broken" => "指标或口径的定义有误".to_owned(),
        "computation_failed" => "计算时程序出错".to_owned(),
        other => other.to_owned(),
    }
}

/// What stands beside an indicator's title in the ledger.
pub fn ledger_words(months: usize, pending: &str, soon: &str) -> String {
    if pending == "0" { format!("{months} 个月") } else { format!("{months} 个月 · {PENDING} {pending} · {DUE_SOON} {soon}") }
}

/// Total and rank without the indicators that are switched on for some regions or dates only.
pub fn unswitched(total: &str, rank: Option<u32>) -> String {
    rank.map_or_else(|| format!("未计专项 {total}"), |rank| format!("未计专项 {total}，第 {rank}"))
}

/// What a veto does, after its title.
pub fn veto(title: &str, cap: &str) -> String {
    format!("{title}（等次不高于“{cap}”）")
}

/// Why the grade is not that of the total.
pub fn grade_lowered(by_score: &str, vetoed: bool) -> String {
    let why = if vetoed { "一票否决" } else { "该等次名额已满" };
    format!("按总分为“{by_score}”，因{why}调低")
}

/// A kind of held item.
pub fn held_kind(kind: &str) -> &str {
    match kind {
        "table" => "源表",
        "indicator" => "指标",
        other => other,
    }
}

/// What an unknown code means for its rows.
pub fn unknown_code(column: &str, dimension: &str) -> String {
    format!("「{column}」有编码不在{dimension}内：已装载")
}

/// `（甲 12条、乙 3条等）`: units with the number of their rows, and whether there are more.
pub fn units_with_rows(units: &[(&str, u64)], has_more: bool) -> String {
    let named: Vec<String> = units.iter().map(|(unit, rows)| format!("{unit} {rows}条")).collect();
    format!("（{}{}）", named.join("、"), if has_more { "等" } else { "" })
}

/// What a confidence mark means.
pub fn confirmed(mark: &str) -> &str {
    match mark {
        "V" => "已核对原文",
        "M" => "多处转引一致",
        "K" => "一般认知，待核对",
        "T" => "第三方来源",
        "plan" => "工作计划规定",
        "own" => "本系统设定，待确认",
        other => other,
    }
}

/// `7 天`.
pub fn days(number: &str) -> String {
    format!("{number} 天")
}

/// `第 3 名，共 12 家`.
pub fn rank_of(rank: u32, ranked: u32) -> String {
    format!("第 {rank} 名，共 {ranked} 家")
}

/// `甲 92.3%，乙 71.0%`: what each side of a border did.
pub fn border_words(one: &str, here: &str, other: &str, there: &str) -> String {
    format!("{one} {here}，{other} {there}")
}

/// `甲 92.3%`.
pub fn named(name: &str, figure: &str) -> String {
    format!("{name} {figure}")
}

/// Title of the ranking as a document.
pub fn record_of(period: &str) -> String {
    format!("{period}行政执法考核排名")
}

/// `第 3 名`.
pub fn place(rank: u32) -> String {
    format!("第 {rank} 名")
}

/// `2–5`, and one rank by itself.
pub fn rank_interval(best: u32, worst: u32) -> String {
    if best == worst { best.to_string() } else { format!("{best}–{worst}") }
}

/// What chance leaves open of a rank, in a sentence.
pub fn rank_open(best: u32, worst: u32, set: (u32, u32), band: Band) -> String {
    let ranks = if best == worst { format!("第 {best} 名") } else { format!("第 {best} 至第 {worst} 名之间") };
    let (best, worst) = set;
    format!("只计偶然因素，名次在{ranks}；全组同时成立的范围为第 {best} 至第 {worst} 名；{}", band_words(band))
}

/// What may be said of the page's unit beside another.
pub fn said(said: Said) -> &'static str {
    match said {
        Said::Better => "优于该单位",
        Said::NotDistinguishable => "区分不开",
        Said::Worse => "不如该单位",
    }
}

/// `20 000／183 222`.
pub fn rows_written(rows: &str, total: &str) -> String {
    format!("{rows}／{total}")
}

/// Where all rows of a table stand.
pub fn rows_elsewhere(file: &str) -> String {
    format!("本文件只有前面的行；全部行见运行目录下的 {file}。")
}

/// A text that was cut, because no cell holds it.
pub fn cut(text: &str) -> String {
    format!("{text}……（过长，已截断；全文见 Parquet）")
}

/// `是`, `否`.
pub fn yes_or_no(truth: bool) -> &'static str {
    if truth { "是" } else { "否" }
}

/// A grade that may still change.
pub fn provisional_grade(grade: &str) -> String {
    format!("{grade}（{GRADE_PROVISIONAL}）")
}

/// How far the next grade is.
pub fn next_grade(grade: &str, from: &str, missing: &str, way: Way, records: u32, has_quota: bool) -> String {
    let far = format!("距“{grade}”（{from} 分起）差 {missing} 分。");
    let quota = if has_quota { "该等次有名额，够分后还要看名次。" } else { "" };
    match way {
        Way::Records => format!("{far}最少 {records} 项结果不同，就够这个分数。{quota}"),
        Way::TooMany => format!("{far}要有一百项以上结果不同才够。{quota}"),
        Way::OutOfReach => {
            format!("{far}本单位自己办理的比率全部达标也不够：其余的差距在他人认定的指标、平均数、金额、扣分或者按同类比较的指标。")
        }
        Way::Veto => format!("等次受一票否决限制，未解除之前，总分再高也评不到“{grade}”（{from} 分起）。"),
        Way::Quota => format!("总分已够“{grade}”，但该等次的名额已满，按名次未轮到。"),
        Way::NoSum => format!("{far}本方案的总分不是各项得分之和，不能按记录折算。"),
    }
}

/// Those after a rank than whom a unit may be called better, and how many they are.
pub fn better_than_those_after(rank: u32, units: usize) -> String {
    format!("全组范围在第 {rank} 名之后的 {units} 家")
}

/// Before what is said of the next grade, where the own one may not stand.
pub fn provisional_first(says: &str) -> String {
    format!("本单位等次暂定（样本不足），以下只供参考。{says}")
}

/// So many records of an indicator, and what they would add.
pub fn records_wanted(records: u32, is_less: bool, gain: &str) -> String {
    let how = if is_less { "不再计入分子" } else { "计入分子" };
    format!("{records} 条{how}，+{gain} 分")
}

/// What a funnel is, and of whom.
pub fn funnel_title(group: &str) -> String {
    format!("漏斗图：{group}")
}

/// Columns of the published ranking that do not explain themselves.
pub const RANKING_COLUMNS: [(&str, &str); 5] = [
    (OPEN_BEST, "只计案件多少带来的偶然，名次可能的范围（95%）：最好的一端。"),
    (OPEN_WORST, "同上，最差的一端。"),
    (SET_BEST, "全组同时成立的范围（95%）：最好的一端。两家的范围不重叠，才可以说高下。"),
    (SET_WORST, "同上，最差的一端。"),
    (TOTAL_HALF_WIDTH, "总分95%区间的一半宽度，单位为分。"),
];

/// A rank in a line with those of other domains.
pub fn rank_in_index(domain: &str, place: &str, open: &str) -> String {
    let open = if open.is_empty() { String::new() } else { format!("（{open}）") };
    format!("{domain}：{place}{open}")
}

/// What an indicator cost, of what it could bring.
pub fn points_lost(points: &str, of: &str) -> String {
    format!("失 {points} 分（分值 {of}）")
}

/// What may be said of a rank in public.
///
/// `top`: the first so many places are sure, and how many units stand behind without anybody being able to say which.
pub fn allowed_statements(better: usize, worse: usize, open: usize, top: Option<(u32, usize)>) -> String {
    let told = [(better, "优于"), (worse, "不如")].into_iter().filter(|(count, _)| *count > 0);
    let mut said: Vec<String> = told.map(|(count, word)| format!("{word}同组 {count} 家")).collect();
    if open > 0 {
        said.push(format!("与{} {open} 家区分不开", if said.is_empty() { "同组" } else { "其余" }));
    }
    let behind =
        |unnamed: usize| if unnamed == 0 { String::new() } else { format!("（至少还有 {unnamed} 家在后，但不能指名）") };
    let top = top.map(|(top, unnamed)| format!("；可以说“列前 {top} 名”{}", behind(unnamed))).unwrap_or_default();
    format!("对外可以说的：{}{top}。", said.join("、"))
}

/// `12.5%`.
pub fn percent(number: &str) -> String {
    format!("{number}%")
}

/// `12／14`.
pub fn part_of(part: usize, whole: usize) -> String {
    format!("{part}／{whole}")
}

/// `0.9→85`.
pub fn point_of_curve(value: &str, score: &str) -> String {
    format!("{value}→{score}")
}

/// `平均 0.4 位，最多 3 位`.
pub fn shifts(mean: &str, largest: u32) -> String {
    format!("平均 {mean} 位，最多 {largest} 位")
}

/// What should be looked at in an indicator of the scheme.
pub fn notes_of_audit(row: &IndicatorAudit) -> Vec<&'static str> {
    let notes = [
        (row.is_off_its_weight(), "实际影响与名义权重不符"),
        (row.works_against(), "与总分反向"),
        (row.tells_nobody_apart(), "拉不开差距"),
        (row.is_rare(), "三分之一以上没有数值"),
    ];
    notes.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| note).collect()
}

/// Two indicators that say the same, or the opposite.
pub fn correlated(first: &str, second: &str, correlation: &str, same: bool) -> String {
    let says = if same { "几乎反映同一件事，等于重复计分" } else { "方向相反，互相抵消" };
    format!("“{first}”与“{second}”{says}（相关系数 {correlation}）。")
}

/// A value drawn towards the peers'.
pub fn shrunk(value: &str, is_scored: bool) -> String {
    if is_scored { format!("按收缩值 {value} 计分") } else { format!("收缩值 {value}") }
}

/// Where a value stands in the funnel of its peers; nothing where it is as theirs are.
pub fn funnel(position: Position) -> Option<&'static str> {
    match position {
        Position::AlarmLow => Some("显著低于同类"),
        Position::AttentionLow => Some("低于同类（注意）"),
        Position::Within => None,
        Position::AttentionHigh => Some("高于同类（注意）"),
        Position::AlarmHigh => Some("显著高于同类"),
    }
}

/// Where a total stands to the mean of its peers.
pub fn band_words(band: Band) -> &'static str {
    match band {
        Band::Above => "高于同类组平均",
        Band::NotDistinguishable => "与同类组平均无显著差异",
        Band::Below => "低于同类组平均",
    }
}

/// `上升 2 位`.
pub fn moved_words(places: i64) -> String {
    match places {
        0 => "持平".to_owned(),
        up if up > 0 => format!("上升 {up} 位"),
        down => format!("下降 {} 位", -down),
    }
}

/// `（截至 2026-05-31）` after "较上次".
pub fn compared_with(date: &str) -> String {
    format!("较上次指截至 {date} 的结果。")
}

/// The middle half of the peers.
pub fn middle_half(median: &str, low: &str, high: &str) -> String {
    format!("同类中位数 {median}（中间一半 {low}–{high}）")
}

/// What is held tonight: tables by name, and indicators that wait for them.
pub fn today_held(tables: usize, names: &str, indicators: usize) -> String {
    let tables = if tables == 0 { String::new() } else { format!("{tables} 张源表沿用上次数据：{names}{}", and_more(tables)) };
    let indicators = if indicators == 0 { String::new() } else { format!("{indicators} 项指标沿用上次结果") };
    [tables, indicators].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("；")
}

fn and_more(number: usize) -> &'static str {
    if number > 3 { "等" } else { "" }
}

/// Who has sent nothing.
pub fn today_silent(units: usize, names: &str) -> String {
    format!("{units} 个单位应报而没有报送：{names}{}", and_more(units))
}

/// Findings that nobody has seen yet.
pub fn today_new(findings: usize, severe: usize) -> String {
    if severe == 0 {
        format!("新增疑点 {findings} 条，待复核")
    } else {
        format!("新增疑点 {findings} 条，待复核，其中严重程度较高的 {severe} 条")
    }
}

/// Findings whose evidence is another than the one decided on.
pub fn today_changed(findings: usize) -> String {
    format!("{findings} 条已有结论的疑点证据有变，须重新复核")
}

/// Ranks of two runs.
pub fn today_moved(up: usize, down: usize, came: usize, gone: usize) -> String {
    let parts = [("上升", up), ("下降", down), ("新参加排名", came), ("不再参加排名", gone)];
    let said: Vec<String> = parts.iter().filter(|(_, number)| *number > 0).map(|(word, number)| format!("{word} {number} 个")).collect();
    format!("名次变动：{}", said.join("，"))
}

/// Findings of the run before that are none any more.
pub fn today_resolved(findings: usize) -> String {
    format!("{findings} 条疑点不再出现")
}

/// Title of a domain's ranking.
pub fn ranking_of(domain: &str) -> String {
    format!("{domain}考核排名")
}

/// What a long list of what was checked shows.
pub fn verified_newest(quarter: &str) -> String {
    format!("对象较多，只列 {quarter}；各季度见各单位自己的页面（点单位名称）。")
}

/// Which way is good.
pub fn better(better: Better) -> &'static str {
    match better {
        Better::Higher => "越高越好",
        Better::Lower => "越低越好",
        Better::Band => "适度为好",
    }
}

/// How many of a group have a value.
pub fn objects_with_value(with_value: usize, all: usize) -> String {
    format!("{} 家，有完成值的 {with_value} 家", all)
}

/// What a funnel shows.
pub fn funnel_words(group: &str, objects: usize, centre: &str, low: usize, high: usize) -> String {
    format!("{group}漏斗图：{objects} 家，合计 {centre}，低于界限的 {low} 家，高于界限的 {high} 家")
}

/// What a strip of peers shows.
pub fn strip_words(group: &str, count: usize, own: Option<&str>, median: &str) -> String {
    let own = own.map_or_else(String::new, |own| format!("，本单位 {own}"));
    format!("{group}总分分布：{count} 家{own}，中位数 {median}")
}

/// What an interval drawing shows.
pub fn interval_words(value: &str, interval: Option<&str>, target: Option<&str>) -> String {
    let interval = interval.map_or_else(String::new, |text| format!("，95% 区间 {text}"));
    let target = target.map_or_else(String::new, |text| format!("，目标 {text}"));
    format!("完成值 {value}{interval}{target}")
}

/// What a sparkline shows.
pub fn spark_words(monthly: bool, months: &[(String, String)], limits: Option<(String, String)>) -> String {
    let head = if monthly { "各月" } else { "各月末" };
    let figures: Vec<String> = months.iter().map(|(month, figure)| format!("{month} {figure}")).collect();
    let limits = limits.map_or_else(String::new, |(low, high)| format!("；本单位最近一月的控制界限 {low}–{high}"));
    format!("{head}：{}{limits}", figures.join("，"))
}

/// How much weight an indicator took over from its siblings, or gave away.
pub fn points_moved(more: bool, moved: &str) -> String {
    if more { format!("含同级并入 {moved}") } else { format!("已转出 {moved}") }
}

/// A total by its classes, then what bonus and deduction add and take, both within their caps.
pub fn composition(
    parts: &[(String, String)],
    bonus: Option<&str>,
    deduction: Option<&str>,
    total: &str,
    is_rounded_apart: bool,
) -> String {
    let parts: Vec<String> = parts.iter().map(|(title, earned)| format!("{title} {earned}")).collect();
    let bonus = bonus.map_or_else(String::new, |points| format!(" ＋ 加分 {points}"));
    let deduction = deduction.map_or_else(String::new, |points| format!(" － 扣分 {points}"));
    let apart = if is_rounded_apart { "（各项分别舍入，总分按未舍入的各项相加）" } else { "" };
    format!("{}{bonus}{deduction}，总分 {total}{apart}", parts.join(" ＋ "))
}

/// Evidence that is not on the page.
pub fn evidence_more(shown: usize, all: usize) -> String {
    format!("共 {all} 条，此处列前 {shown} 条，全部见结果表 findings_evidence。")
}

/// What a record is for a figure.
pub fn part(part: Part, better: Better) -> &'static str {
    match (part, better) {
        (Part::Against, Better::Lower) => "计入分子（越低越好）",
        (Part::Against, _) => "拉低得分",
        (Part::Pending, _) => PENDING,
        (Part::Excluded, _) => EXCLUDED,
        (Part::Counted | Part::Outside, _) => "其他",
    }
}

/// `拉低得分 3 条` in the line of an indicator.
pub fn records_of(part: &str, total: &str) -> String {
    format!("{part} {total} 条")
}

/// Above a list.
pub fn records_heading(part: &str, shown: usize, total: &str) -> String {
    if shown.to_string() == total { format!("{part} {total} 条") } else { format!("{part} {total} 条，列前 {shown} 条") }
}

/// As [`records_heading`], where records of other units are left out.
pub fn own_records_heading(part: &str, shown: usize, total: &str) -> String {
    format!("{part} {total} 条（按地区合计），只列本单位的 {shown} 条")
}

/// `leads.csv:783（2026-06-30 01:02 装载）`.
pub fn as_loaded(place: &str, began: &str) -> String {
    format!("{place}（{began} 装载）")
}

/// `立案日期 2026-03-12`; a column without a value says so.
pub fn fact(meaning: &str, value: &str) -> String {
    format!("{meaning} {}", if value.is_empty() { "无" } else { value })
}

/// How a record stands on both sides.
pub fn reconciled(outcome: &str) -> &str {
    match outcome {
        "matched" => MATCHED,
        "differing" => DIFFERING,
        "missing_on_platform" => MISSING_ON_PLATFORM,
        "missing_in_system" => MISSING_IN_SYSTEM,
        "in_transit" => IN_TRANSIT,
        "excluded" => EXCLUDED,
        other => other,
    }
}

/// A field that both sides give.
pub fn compared_field(field: &str) -> &str {
    match field {
        "date" => "日期",
        "party_code" => "当事人代码",
        "decision_no" => "决定书文号",
        "fine" => "罚款金额",
        "outcome" => "处理结果",
        other => other,
    }
}

/// `罚款金额 2`: how many records differ in a field.
pub fn differing_count(field: &str, records: &str) -> String {
    format!("{} {records}", compared_field(field))
}

/// A field with both values; that it differs, where they are not shown.
pub fn differing_values(field: &str, values: Option<(&str, &str)>) -> String {
    let shown = |value: &str| if value.is_empty() { "空".to_owned() } else { value.to_owned() };
    let field = compared_field(field);
    values.map_or_else(|| format!("{field}不同"), |(own, platform)| format!("{field}：系统 {}，平台 {}", shown(own), shown(platform)))
}

/// Above figures whose sources are not all of this run.
pub fn held_sources(tables: &str) -> String {
    format!("{tables}沿用上次装载的数据，以下按该数据列出。")
}

/// A way of checking what a unit recorded.
pub fn way(code: &str) -> &str {
    match code {
        "daily_tracking" => "日常跟踪",
        "stage_verification" => "阶段核验",
        "spot_check" => "现场抽查",
        "third_party" => "第三方评估",
        other => other,
    }
}

/// `2026年第1季度`; a quarter that is written otherwise stays as it is.
pub fn quarter(quarter: &str) -> String {
    quarter.split_once('Q').map_or_else(|| quarter.to_owned(), |(year, number)| format!("{year}年第{number}季度"))
}

/// The third party's score, beside what it confirmed.
pub fn third_party_score(score: &str) -> String {
    format!("评估得分 {score}")
}

/// Under the ranking: which totals are ranked.
pub fn ranking_rule(minimum: &Minimum) -> String {
    let Minimum { cases, answers, half_width, rank_share, units } = minimum;
    let (share, half_width) = (numbers::points(rank_share * rust_decimal::Decimal::ONE_HUNDRED), numbers::points(*half_width));
    format!(
        "分母少于 {cases} 的比率、回答少于 {answers} 份的平均分，标为“{TOO_FEW}”，照常计分。总分中样本充足的分值不足 {share}%，\
         或者总分 95% 区间的半宽超过 {half_width} 分的，不参与排名，等次为{GRADE_PROVISIONAL}。同类组内可以排名的不足 {units} 个的，不排名。"
    )
}

/// How a part of a pair stands.
pub fn pair_words(part: &str, figure: &str, numerator: &str, denominator: &str) -> String {
    format!("{part} {figure}（{numerator}／{denominator}）")
}

/// What a matrix cell shows.
pub fn matrix_words(region: &str, neighbour: &str, parts: &[String]) -> String {
    format!("{region}对{neighbour}：{}", parts.join("，"))
}

/// `2026年6月30日 24时`.
pub fn until(date: Date) -> String {
    format!("{}年{}月{}日 24时", date.year(), date.month(), date.day())
}

/// `2026年上半年`.
pub fn period(period: &Period) -> String {
    let (first, last) = (period.first, period.last);
    let year = first.year;
    match (first.month, last.month) {
        (1, 12) => format!("{year}年度"),
        (1, 6) => format!("{year}年上半年"),
        (7, 12) => format!("{year}年下半年"),
        (from, to) if from == to => format!("{year}年{from}月"),
        (from, _) => format!("{year}年第{}季度", (from + 2) / 3),
    }
}

/// How many answers a value rests on.
pub fn sample(n: &str) -> String {
    format!("样本 {n}")
}

/// The span of the drawings on a unit's page.
pub fn axes(higher: Option<&str>, lower: Option<&str>) -> String {
    let higher = higher.map(|low| format!("越高越好的指标为 {low} 至 100%"));
    let lower = lower.map(|high| format!("越低越好的指标为 0 至 {high}"));
    let parts: Vec<String> = higher.into_iter().chain(lower).collect();
    if parts.is_empty() { String::new() } else { format!("横轴：{}。", parts.join("，")) }
}

/// `5 家`.
pub fn units(number: usize) -> String {
    format!("{number} 家")
}

/// A fact or a test.
pub fn finding_kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Fact => "事实",
        FindingKind::Statistical => "统计",
    }
}

/// What the figures of a finding are: its statistic, what it is held against, and the effect.
pub fn finding_measures(statistic: &Statistic) -> [&'static str; 3] {
    match statistic {
        Statistic::Rule => ["涉及记录占比", "对照水平", "效应"],
        Statistic::Share { .. } | Statistic::LateBurst | Statistic::NumberOrder => ["异常占比", "同类通常", "与同类的优势比（95% 区间）"],
        Statistic::Contrast { .. } => ["异常占比", "本单位其他记录", "与其他记录的优势比（95% 区间）"],
        Statistic::Evenness => ["月度离散程度", "随机波动", "两者之比"],
        Statistic::LastDigits => ["末位 0、5 占比", "同类通常", "分布差异 w"],
        Statistic::FirstDigits => ["最多的前两位占比", "本福特定律", "平均绝对偏差超出随机波动"],
    }
}

/// Where a finding stands.
pub fn finding_state(state: State) -> &'static str {
    match state {
        State::New => "新增",
        State::Standing => "持续",
        State::Reviewed => "已复核",
        State::Changed => "结论所据证据与现在不同，须再看",
    }
}

/// What a reviewer decided, when, and on which document.
pub fn reviewed(decision: Decision, on: Date, document: &str) -> String {
    let word = match decision {
        Decision::Confirmed => "属实",
        Decision::Explained => "有合理解释",
        Decision::Dismissed => "不成立",
    };
    let document = if document.is_empty() { "（未注明文书）".to_owned() } else { format!("（{document}）") };
    format!("{on} {word}{document}")
}

/// What became of a test.
pub fn finding_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Flagged => "疑点",
        Outcome::BelowFloor => "偏离不足下限",
        Outcome::Usual => "与同类无异",
        Outcome::TooFew => "记录太少",
        Outcome::NotApplicable => "不适用",
    }
}

/// That a sheet holds so many rows of so many.
pub fn rows_of(sheet: &str, rows: usize, total: usize) -> String {
    format!("工作表“{sheet}”：{rows} 行，共 {total} 行。")
}

/// How many findings stand where.
pub fn findings_counted([new, standing, changed, reviewed]: [usize; 4], resolved: usize) -> String {
    let open = new + standing + changed;
    format!("待核查 {open} 条：新增 {new}，持续 {standing}，证据有变 {changed}。已有复核结论 {reviewed} 条，本次消除 {resolved} 条。")
}

/// How many tests were made, and how many were not: too few rows, not applicable.
pub fn findings_tested(made: usize, [too_few, not_applicable]: [usize; 2]) -> String {
    format!("共作统计检验 {made} 次，另有 {too_few} 次记录太少、{not_applicable} 次前提不符，未作判断。")
}

/// Detectors that could not be run; nothing when all were.
pub fn findings_failed(titles: &[&str]) -> String {
    if titles.is_empty() {
        String::new()
    } else {
        format!("以下检测规则未能运行，没有作出判断：{}。", titles.join("、"))
    }
}

/// Why a total is another.
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Data => "数据",
        Cause::Clocks => "时限和参数",
        Cause::Definition => "口径",
        Cause::Scheme => "考核方案",
        Cause::Units => "主体名录",
        Cause::Engine => "程序版本",
    }
}

/// What that is.
pub fn cause_meaning(cause: Cause) -> &'static str {
    match cause {
        Cause::Data => "新增、更正、撤回的记录，以及数据日期之间到期的事项",
        Cause::Clocks => "时限、金额、阈值、工作日历",
        Cause::Definition => "指标、口径、源表约定",
        Cause::Scheme => "权重、目标、计分曲线、等次",
        Cause::Units => "考核谁、在哪一层级、隶属于谁",
        Cause::Engine => "当时公布的分数与本版程序对同样材料的计算之差",
    }
}

/// New, gone or changed.
pub fn how_changed(how: &str) -> &'static str {
    match how {
        "new" => "新增",
        "gone" => "减少",
        _ => "修改",
    }
}

/// `12→13`.
pub fn before_and_after(before: &str, after: &str) -> String {
    format!("{before}→{after}")
}

/// What a figure was and what it is; one that stayed stands once.
pub fn was_and_is(was: &str, is: &str) -> String {
    if was == is { is.to_owned() } else { format!("{was} → {is}") }
}

/// The head of a packet's list of contents.
pub fn packet_head(unit: &str, period: &str, as_of: &str, run: &str, engine: &str) -> String {
    format!("申诉核查材料\n\n单位　　　{unit}\n考核期　　{period}\n数据截止　{as_of} 24时\n运行编号　{run}\n程序版本　kaohe {engine}\n\n")
}

/// What a packet says of a figure that is appealed against.
pub fn packet_granted(indicator: &str, (was, figure): (&str, &str), moved: usize, objects: usize) -> String {
    format!(
        "如果“{indicator}”由 {was} 更正为 {figure}：{objects} 张记分卡中 {moved} 张的总分、名次或者等次改变，见 if-granted.csv；其余不变。\n\n"
    )
}

/// The foot of a packet's list of contents.
pub const PACKET_FOOT: &str = "\n各文件后的字符是其 BLAKE3 指纹。材料只含该单位和计入该单位的记录；其他单位只列总分、名次和等次。\n";

/// A unit's scorecard in one domain.
pub fn in_domain(unit: &str, of: &str) -> String {
    format!("{unit}（{}）", domain(of))
}

/// An edition in a few words.
pub fn edition_label(number: u32, final_on: &str) -> String {
    format!("正式第 {number} 版（{final_on}）")
}

/// Which edition a record is.
pub fn edition_standing(number: u32, corrects: Option<u32>, final_on: &str) -> String {
    let corrects = corrects.map_or_else(String::new, |earlier| format!("，更正并取代第 {earlier} 版"));
    format!("本文书为正式发布的第 {number} 版，{final_on} 定稿{corrects}。定稿以后不再改动；今后如有更正，另出新版并注明所更正的版次。")
}

/// What stands in for sources that did not come.
pub fn edition_held(names: &str) -> String {
    format!("下列数据来源、指标在考核期末未能更新，沿用较早的数据：{names}。")
}

/// What was heard before an edition became final.
pub fn edition_heard([comments, appeals, exclusions]: [usize; 3], changed: usize) -> String {
    format!(
        "定稿以前向被考核单位征求意见：收到意见 {comments} 件、申诉 {appeals} 件、不可抗力排除申请 {exclusions} 件，均已书面答复或者决定；据此更正数字 {changed} 处，并对所有主体重新排名。"
    )
}

/// That more objects moved than the page lists.
pub fn moved_more(shown: usize, all: usize) -> String {
    format!("共 {all} 个，此处列名次变化最大的 {shown} 个，全部见表 diff_objects。")
}

/// The mark of a note of a document.
pub fn note_mark(number: usize) -> String {
    format!("注{number}")
}

/// At the top of a printed page, left: what it is, and of which assessment under which scheme.
pub fn printed_left(title: &str, assessment: &str, scheme: &str) -> String {
    format!("{title} · {assessment} · {scheme}")
}

/// And right: the data's date, the run, the scheme's text.
pub fn printed_right(until: &str, run: &str, scheme_hash: &str) -> String {
    format!("{AS_OF} {until} · {RUN} {run} · {FOOT_SCHEME} {scheme_hash}")
}

/// Why a decision decides nothing.
pub fn why_ignored(why: WhyIgnored) -> &'static str {
    match why {
        WhyIgnored::NoDecision => "没有复核结论，或者结论不是属实、有合理解释、不属实之一",
        WhyIgnored::NoDocument => "没有核查文书",
        WhyIgnored::NoFinding => "本期没有过这个编号的疑点：编号有误，或者属于别的统计期",
        WhyIgnored::OtherUnit => "主体编码与该疑点的主体不符",
        WhyIgnored::OtherDetector => "疑点类型与该疑点不符",
        WhyIgnored::LaterDay => "复核日期晚于数据截止日：到那一日的考核才生效",
        WhyIgnored::NoEvidence => "编号没有后半段，不知道针对哪些证据",
    }
}

/// That a list of assessed objects is longer than the page.
pub fn objects_more(shown: usize, all: usize, table: &str) -> String {
    format!("共 {all} 个考核对象，此处列前 {shown} 个（核实比例低的在前）；其余见各主体自己的页面，全部见结果表 {table}。")
}

/// That the list is longer than the page.
pub fn units_more(shown: usize, all: usize, table: &str) -> String {
    format!("共 {all} 个主体，此处列前 {shown} 个；其余见各主体自己的页面，全部见结果表 {table}。")
}

/// That more have not reported than the page lists.
pub fn silent_more(shown: usize, all: usize) -> String {
    format!("共 {all} 条，此处列最久没有记录的 {shown} 条，全部见结果表 not_reported。")
}

/// That more files were loaded than the page lists.
pub fn files_more(shown: usize, all: usize) -> String {
    format!("共 {all} 个文件，此处列 {shown} 个，有隔离、重复、过滤、暂缓或者不符的在前；全部见结果表 accounting。")
}

/// The numbers of matters by which a figure is another; none means that the data are others.
pub fn matters(numbers: &[u32]) -> String {
    if numbers.is_empty() { BY_DATA.to_owned() } else { numbers.iter().map(u32::to_string).collect::<Vec<_>>().join("、") }
}

/// That the record lists some of the changed figures.
pub fn errata_more(shown: usize, all: usize) -> String {
    format!("共 {all} 处，此处列前 {shown} 处（有事项编号的在前），全部见数据表 errata_figures。")
}

/// That a list of findings is longer.
pub fn findings_more(shown: usize, all: usize) -> String {
    format!("共 {all} 条，此处列前 {shown} 条，全部见工作簿。")
}

/// What the drawing of a finding shows; the figures with what they are. `others`: units compared with, and those of them without such a record.
pub fn finding_strip_words(own: (&str, &str), others: (usize, usize), usual: (&str, Option<&str>), highest: &str) -> String {
    let usual = usual.1.map_or_else(String::new, |value| format!("，{} {value}", usual.0));
    let ((measure, own), (others, without)) = (own, others);
    let without = if without > 0 { format!("（其中 {without} 个没有这类记录）") } else { String::new() };
    let others = if others > 0 { format!("，另 {others} 个主体{without}") } else { "，没有其他可比的主体".to_owned() };
    format!("{measure}：本主体 {own}{others}{usual}；横轴自 0 至 {highest}")
}

/// What a drawing of the burden index shows.
pub fn burden_words(quarters: &[(String, String)]) -> String {
    let figures: Vec<String> = quarters.iter().map(|(quarter, figure)| format!("{quarter} {figure}")).collect();
    format!("企业负担指数，基期 100：{}", figures.join("，"))
}

/// A flag that units declare of their records.
pub fn declared_flag(flag: &str) -> &str {
    match flag {
        "is_enforcement" => "热线工单与行政执法有关",
        "is_reasonable" => "热线诉求合理",
        "counts_toward_cap" => "检查计入频次",
        "is_food_drug" => "食品药品案件、线索",
        "hearing_required" => "应当告知听证权利",
        "damage" => "造成生态环境损害",
        "anonymous" => "匿名投诉、来电",
        other => other,
    }
}

/// A unit that has ended, with its last day.
pub fn predecessor(name: &str, last: &str) -> String {
    format!("{name}（至 {last}）")
}

/// Kind of a known effect.
pub fn effect_kind(kind: &str) -> &'static str {
    match kind {
        "campaign" => "专项行动",
        "migration" => "数据迁移",
        "outage" => "接口中断",
        "reform" => "职责调整",
        "emergency" => "突发事件",
        _ => "其他影响",
    }
}

/// A figure that is not told further.
pub fn more_than(limit: f64) -> String {
    format!("{limit:.0} 以上")
}

/// Days of a known effect, and the detectors for which it holds.
pub fn effect_days((first, last): (Date, Date), detectors: &[String]) -> String {
    let only = if detectors.is_empty() { "全部检验和月度监测".to_owned() } else { detectors.join("、") };
    format!("{first} 至 {last}；{only}")
}

/// How many charts, and in how many of them something is new: worse, neither, better.
pub fn watch_counted(charts: usize, month: &str, [worse, neither, better]: [usize; 3]) -> String {
    format!("共 {charts} 张控制图（每张至少十二个月），截至 {month}。本月出现信号：变差 {worse}，变化 {neither}，变好 {better}。")
}

/// That there are more charts than the page shows.
pub fn watch_more(shown: usize, all: usize) -> String {
    format!("共 {all} 张，此处列前 {shown} 张，全部见结果表 control_charts、control_points。")
}

/// Better, worse, or changed.
pub fn chart_news(is_worse: Option<bool>) -> &'static str {
    match is_worse {
        Some(true) => "变差",
        Some(false) => "变好",
        None => "变化",
    }
}

/// What a rule of the control charts saw.
pub fn chart_signal(rule: Rule, side: Side) -> &'static str {
    match (rule, side) {
        (Rule::Outside, Side::High) => "高于上限",
        (Rule::Outside, Side::Low) => "低于下限",
        (Rule::OneSide, Side::High) => "连续七个月高于中心线",
        (Rule::OneSide, Side::Low) => "连续七个月低于中心线",
        (Rule::Trend, Side::High) => "连续七个月上升",
        (Rule::Trend, Side::Low) => "连续七个月下降",
        (Rule::OuterThird, Side::High) => "三个月中两个月接近上限",
        (Rule::OuterThird, Side::Low) => "三个月中两个月接近下限",
    }
}

/// Centre and limits.
pub fn chart_usual(centre: &str, low: &str, high: &str) -> String {
    format!("{centre}（{low} 至 {high}）")
}

/// Whether the target lies within the limits.
pub fn chart_assurance(assurance: Option<Assurance>) -> &'static str {
    match assurance {
        Some(Assurance::Met) => "照常即可达到",
        Some(Assurance::Missed) => "不改变做法则达不到",
        Some(Assurance::Chance) => "时达时不达",
        None => NONE,
    }
}

/// What the drawing of a control chart shows.
pub fn chart_words(first: &str, last: &str, centre: &str, value: &str, low: &str, high: &str) -> String {
    format!("{first} 至 {last}，中心线 {centre}，最后一个月 {value}；纵轴自 {low} 至 {high}")
}
