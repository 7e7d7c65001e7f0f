//! The functions: one line each.

use super::takes::{Signature, Takes};
use crate::expression::context::Mode;

macro_rules! functions {
    ($(
        $function:ident $mode:ident $usage:literal
        ($($takes:ident),* $(; $($optional:ident),+)?) [$($gives:literal),*];
    )*) => {
        /// A built-in function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($function),* }

        impl Function {
            pub(in crate::expression) const ALL: &[Function] = &[$(Function::$function),*];

            pub fn signature(self) -> Signature {
                match self {
                    $(Function::$function => Signature {
                        takes: &[$(Takes::$takes,)* $($(Takes::$optional),+)?],
                        required: [$(Takes::$takes),*].len(),
                        usage: $usage,
                        in_templates: Mode::$mode,
                        gives: &[$($gives),*],
                    },)*
                }
            }
        }
    };
}

// The name, `Strict` if it is strict in templates, too, an example of a call, the types of its
// arguments (after `;` of the optional ones), and the types of its result, if they do not depend
// on the arguments.
functions! {
    // JMESPath's own.
    Abs Strict "abs(number)" (Number) ["number"];
    Avg Strict "avg(list_of_numbers)" (Numbers) ["number", "null"];
    Ceil Strict "ceil(number)" (Number) ["number"];
    Contains Strict "contains(list_or_text, value)" (ArrayOrText, Any) ["boolean"];
    EndsWith Strict "ends_with(text, end)" (Text, Text) ["boolean"];
    Floor Strict "floor(number)" (Number) ["number"];
    Join Lenient "join(glue, list_of_texts)" (Text, Texts) ["string"];
    Keys Strict "keys(object)" (Object) ["array"];
    Length Strict "length(list_object_or_text)" (ArrayObjectOrText) ["number"];
    Map Strict "map(&expression, list)" (Expression, Array) ["array"];
    Max Strict "max(list_of_numbers_or_texts)" (NumbersOrTexts) [];
    MaxBy Strict "max_by(list, &expression)" (Array, Expression) [];
    Merge Strict "merge(object, …)" (Object) ["object"];
    Min Strict "min(list_of_numbers_or_texts)" (NumbersOrTexts) [];
    MinBy Strict "min_by(list, &expression)" (Array, Expression) [];
    NotNull Strict "not_null(value, …)" (Any) [];
    Reverse Strict "reverse(list_or_text)" (ArrayOrText) [];
    Sort Strict "sort(list_of_numbers_or_texts)" (NumbersOrTexts) ["array"];
    SortBy Strict "sort_by(list, &expression)" (Array, Expression) ["array"];
    StartsWith Strict "starts_with(text, beginning)" (Text, Text) ["boolean"];
    Sum Strict "sum(list_of_numbers)" (Numbers) ["number"];
    ToArray Strict "to_array(value)" (Any) ["array"];
    ToNumber Strict "to_number(value)" (Any) ["number", "null"];
    ToString Strict "to_string(value)" (Any) ["string"];
    Type Strict "type(value)" (Any) ["string"];
    Values Strict "values(object)" (Object) ["array"];
    // slackline's.
    Age Lenient "age(time)" (Time) ["number", "null"];
    Capitalize Lenient "capitalize(text)" (Text) ["string"];
    DividedBy Lenient "divided_by(number, divisor)" (Number, Number) ["number"];
    FindFirst Lenient "find_first(text, part[, start[, end]])" (Text, Text; Whole, Whole) ["number", "null"];
    FindLast Lenient "find_last(text, part[, start[, end]])" (Text, Text; Whole, Whole) ["number", "null"];
    FromItems Lenient "from_items(list_of_pairs)" (Pairs) ["object"];
    Glob Lenient "glob(text, 'pattern')" (Text, Pattern) ["boolean"];
    GroupBy Lenient "group_by(list, &expression)" (Array, Expression) ["object"];
    If Lenient "if(condition, value, other_value)" (Any, Any, Any) [];
    Items Lenient "items(object)" (Object) ["array"];
    Lower Lenient "lower(text)" (Text) ["string"];
    Matches Lenient "matches(text, 'pattern')" (Text, Pattern) ["boolean"];
    Minus Lenient "minus(number, number)" (Number, Number) ["number"];
    Modulo Lenient "modulo(number, divisor)" (Number, Number) ["number"];
    PadLeft Lenient "pad_left(text, width[, character])" (Text, Count; Character) ["string"];
    PadRight Lenient "pad_right(text, width[, character])" (Text, Count; Character) ["string"];
    ParseJson Strict "parse_json(text)" (TextOrNull) [];
    ParseTime Lenient "parse_time(text)" (Time) ["number", "null"];
    Plus Lenient "plus(number, number)" (Number, Number) ["number"];
    Replace Lenient "replace(text, part, replacement[, count])" (Text, Text, Text; Count) ["string"];
    Split Lenient "split(text, separator[, count])" (Text, Text; Count) ["array"];
    StartsWithAny Lenient "starts_with_any(text, list_of_texts)" (Text, Texts) ["boolean"];
    Times Lenient "times(number, number)" (Number, Number) ["number"];
    Title Lenient "title(text)" (Text) ["string"];
    Trim Lenient "trim(text[, characters])" (Text; Text) ["string"];
    Upper Lenient "upper(text)" (Text) ["string"];
    Zip Lenient "zip(list, …)" (Array) ["array"];
    // What readers see.
    Bytes Lenient "bytes(number)" (Figure) ["string"];
    Channel Lenient "channel(id)" (Text) ["string"];
    Date Lenient "date(time[, format[, zone]])" (NumberOrText; Text, Text) ["string"];
    Default Lenient "default(value, other_value)" (Any, Any) [];
    Duration Lenient "duration(seconds)" (Figure) ["string"];
    Escape Lenient "escape(value)" (Any) ["string"];
    First Lenient "first(list)" (Array) [];
    Json Lenient "json(value)" (Any) ["string"];
    Last Lenient "last(list)" (Array) [];
    Link Lenient "link(url[, text])" (Text; Any) ["string"];
    Mention Lenient "mention(id_or_e_mail)" (Text) ["string"];
    Money Lenient "money(number, 'EUR')" (Figure, Text) ["string"];
    Number Lenient "number(number[, places])" (Figure; Figure) ["string"];
    Percent Lenient "percent(number[, places])" (Figure; Figure) ["string"];
    Pluralize Lenient "pluralize(count, 'item'[, 'items'])" (Number, Text; Text) ["string"];
    Round Lenient "round(number[, places])" (Figure; Figure) ["number"];
    Size Lenient "size(list_object_or_text)" (ArrayObjectOrText) ["number"];
    SlackDate Lenient "slack_date(time[, format[, zone]])" (NumberOrText; Text, Text) ["string"];
    Truncate Lenient "truncate(text[, length[, ending]])" (Text; Count, Text) ["string"];
    Uniq Lenient "uniq(list)" (Array) ["array"];
    UrlEncode Lenient "url_encode(value)" (Any) ["string", "null"];
}
