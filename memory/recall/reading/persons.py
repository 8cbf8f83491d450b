"""Persons whom a question names: speakers, and those who are only spoken of. Pure.

Most languages write names with a capital, German all nouns, Chinese nothing of the kind: there a
surname begins the name, or one of the words with which people call each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from remem.recall.reading.languages import has_chinese, spoken
from remem.recall.reading.question import Query
from remem.recall.reading.states import Language, language_of
from remem.store import Record
from remem.store.fulltext.folding import CAPITALS, simplified, straight
from remem.store.fulltext.tokens import content_words, tokenize


def named_in(query: Query, said: Sequence[Record]) -> Set[str]:
    """The tokens of a question that name somebody.

    These are speakers, and words with a capital in the question; where it has none, those that the
    memories write with one. Places, times and what begins a sentence are no names, and neither is
    anything in a question of somebody about themselves.

    Args:
        said: What may answer it.
    """
    names = {token for one in said if one.speaker for token in content_words(one.speaker)}
    texts = [one.text for one in said]
    if has_chinese(query.text):
        found: Iterable[str] = chinese_names(query.text, texts)
    elif asks_about_own(query.text):
        found = ()
    else:
        found = _capitals(query) or _capitals_of_others(query, texts)
    names |= {token for name in found for token in tokenize(name)}
    return query.tokens.keys() & names


def asks_about_own(question: str) -> bool:
    """True if a question says "I" or "my", or a verb that says it."""
    language = language_of(question)
    return language is not None and any(_own_words(straight(question), language))


def _own_words(question: str, language: Language) -> Iterator[str]:
    """Words by which somebody speaks of themselves. Their endings are those of other words, too."""
    for match in language.own.finditer(question):
        word, behind = match[0], question[match.end() : match.end() + 1]
        is_whole = not (language.is_spaced and behind.isalpha()) or word.endswith("'")
        is_name = word[:1].isupper() and match.start() > 1 and word != "I"
        if is_whole and not is_name and word.lower() not in _NOT_OWN:
            yield word


_NOT_OWN = frozenset(
    "qué porqué así aquí allí ahí sí café té sé cuál foi vai sai cai pai aqui ali si assim".split()
)


def _capitals(query: Query) -> set[str]:
    names = set(_NAME.findall(query.without_times))
    return names - _nouns(query.text, "de") if spoken(query.text)[0] == "de" else names


def _capitals_of_others(query: Query, texts: Sequence[str]) -> list[str]:
    """Words of a question without capitals, or of nothing else, that others write with a capital,
    and never without, and that stand nowhere as other nouns do.

    Any word may begin a sentence, but few begin two; in German, which writes all nouns with a
    capital, only these are names.
    """
    asked = [
        word
        for word in _IN_ITS_PLACE.findall(query.without_times)
        if not query.tokens.keys().isdisjoint(tokenize(word))
    ]
    # To read all texts for their capitals takes a tenth of a second where they are long, and of
    # most questions no word is left.
    rare = {word.lower() for word in asked if not _is_small_somewhere(word.lower(), texts)}
    texts = [text for text in texts if any(word in text.lower() for word in rare)]
    language = spoken(query.text)[0]
    first = Counter(name.lower() for text in texts for name in _FIRST.findall(text))
    names = {name for name, times in first.items() if times > 1}
    if language != "de":
        names |= {name.lower() for text in texts for name in _NAME.findall(text)}
    names -= {noun.lower() for text in (query.text, *texts) for noun in _nouns(text, language)}
    return [word for word in asked if word.lower() in names & rare]


def _is_small_somewhere(word: str, texts: Sequence[str]) -> bool:
    """True if a text has a word without a capital."""
    whole = re.compile(rf"\b{re.escape(word)}\b")
    return any(word in text and whole.search(text) for text in texts)


def _nouns(text: str, language: str) -> set[str]:
    """The words that a text has where a noun stands, adjectives among them."""
    found = _NOUN[language].findall(text) if language in _NOUN else []
    return {word for words in found for word in words}


_PLACE = (
    r"(?<=\w )(?<!\b[Ii]n )(?<!\b[Aa]t )(?<!\b[Tt]o )(?<!\b[Ff]rom )(?<!\b[Nn]ach )(?<!\b[Aa]us )"
    r"(?<!\b[Ee][nm] )(?<!\b[Àà] )(?<!\b[Dd]ans )(?<!\b[Nn][ao] )"
)
"""Behind another word, which is none that a town stands behind."""

_CAPITALISED = rf"[{CAPITALS}](?![{CAPITALS}])\w*"
_NAME = re.compile(_PLACE + _CAPITALISED)
_FIRST = re.compile(rf"(?:^|(?<=[.!?] )){_CAPITALISED}", re.MULTILINE)
_IN_ITS_PLACE = re.compile(_PLACE + r"\w+")

_NOUN: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"(?=\b(?:{words}) (?:({adjective}) )?(\w+))", re.IGNORECASE)
    for language, words, adjective in (
        ("en", "an?|the|this|that|my|our|your|his|her|its|their|any|some|no|which|whose", "(?!)"),
        (
            "de",
            r"d(?:er|ie|as|en|em|es)|(?:(?:k|m|d|s)?ein|ihr|unser|eu(?:er|r)|welch|dies|jed|all"
            r"|viel|wenig|beid)\w{0,2}|im|am|zum|zur|vom|beim|ins|ans|in|an|auf|unter|über|vor"
            r"|hinter|zwischen|neben|pro|je|\d+",
            "[a-zäöüß]+e[nmrs]?",
        ),
        ("fr", "l[ae]|les|une?|m(?:on|a|es)|[ts](?:on|a|es)|notre|votre|ce(?:t|tte)?", "(?!)"),
        ("es", "el|l[ao]s?|una?|mis?|tus?|sus?|nuestr[oa]s?|est[ea]|qué", "(?!)"),
        ("pt", "[oa]s|uma?|meus?|minhas?|seus?|suas?|noss[oa]s?|ess[ea]", "(?!)"),
        ("it", "il|l[oae]|gli|un[oa]?|mi[oa]|su[oa]|nostr[oa]|quest[oa]", "(?!)"),
    )
}
"""Language -> an adjective, if it has an ending there, and the noun, behind a word that a name
seldom stands behind."""


# Names in Chinese, of which nothing tells where they end: two characters, or three if somebody
# said these three together.


def chinese_names(question: str, said: Iterable[str]) -> list[str]:
    """The names at the beginning of a Chinese question, and behind words such as "with".

    Args:
        said: Texts in which people are spoken of.
    """
    names = [match[1] for match in _CHINESE_NAME.finditer(simplified(question))]
    longer = [name for name in names if len(name) > 2]
    if longer:
        texts = [simplified(text) for text in said]
        known = {name for name in longer if any(name in text for text in texts)}
        names = [name if len(name) == 2 or name in known else name[:2] for name in names]
    return [name for name in names if name[:2] not in _NO_NAMES]


_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏"
    "魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵"
    "万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝"
    "包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾"
    "尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬"
    "师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_CALLED = "小老阿"
_TITLES = (
    "姐|哥|叔|婶|姨|嫂|爷|奶奶|总|老师|医生|大夫|师傅|先生|女士|太太|小姐|教授|经理|阿姨|叔叔|同学"
)
_CHINESE_NAME = re.compile(
    r"(?:\A|(?<=[\s，。！？；：、“”‘’《》和跟与同给替帮问])"
    r"|(?<=关于)|(?<=记得)|(?<=知道)|(?<=请问))"
    rf"([{_SURNAMES}](?:{_TITLES})|[{_CALLED}][\u4e00-\u9fff]"
    rf"|(?:欧阳|司马|上官|诸葛|司徒|令狐|慕容|皇甫|东方)[\u4e00-\u9fff]{{1,2}}"
    rf"|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
)
_NO_NAMES = frozenset(
    "小孩 小时 小学 小说 小区 小吃 小心 小狗 小猫 小费 小组 小店 小偷 小女 小儿 老师 老板 "
    "老婆 老公 老家 老人 老虎 老鼠 老大 老是 阿姨 周一 周二 周三 周四 周五 周六 周日 周末 "
    "周年 周围 马上 马路 何时 何地 何处 何种 高中 高考 高铁 高速 白天 白色 黄色 黄瓜 金色 "
    "金额 金鱼 石头 方法 方案 方便 方向 万一 钱包 严重 文件 文章 文化 安全 安排 安装 温度 "
    "容易 易怒 关于 关系 成绩 成立 成功 时间 时候 时区 明天 明年 明晚 全部 全家 应该 和谁 "
    "查看 路上 路线 车站 车牌 车子 包里 包括 古董 米饭 麦片 连接 解决 房租 房子 房东 房间 "
    "管理 游泳 游戏 毕业 单位 曲子 纪念 康复 申请 章节 左边 向来 商店 商量 冷气 冷饮 边上 "
    "师傅 党员 费用 景点 司机 农场 简单 华为 程序 江边 海边 林子 花园 田里 雷雨 龙虾 熊猫 "
    "牛奶 牛肉 夏天 秦朝 唐朝 宋朝 汤里 谷歌 苹果 梅花 兰花 桂花 桑树 柳树 柏林 宁波 温州 "
    "苏州 杭州 广州 陆地 席位 武器 武术 任务 任何 邮件 余额 尤其 许多 曾经 于是 贺卡 毛巾 "
    "毛衣 段落 史上 孔子 丁香 叶子 范围 沙发 沙滩 荣誉 盛开 项目 项链 甘蔗 祝福 包裹 童年 "
    "宫保 卫生 米粉 池塘 查询 迟到 边境 阿根 阿拉 阿富".split()
)
