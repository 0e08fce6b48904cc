//! The keys of a claim file: one table feeds the reader, the JSON Schema and the field reference.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Free text.
    Text,
    /// One word of a list.
    Word(&'static [&'static str]),
    /// An exact number: `0.3`, `3`, or `"3/10"`.
    Number,
    /// A number or an expression as text.
    Expression,
    /// An expression over statistics, with time functionals and E.
    Left,
    /// A list of texts.
    Texts,
    /// A list of two expressions.
    Pair,
    /// A table with the keys of a section.
    Section(&'static str),
    /// A list of tables with the keys of a section.
    Sections(&'static str),
    /// A table that is laid over the file.
    Change,
    /// Names chosen by the author, each a number, an expression, a list of them, or one of these per profile.
    Parameters,
    /// A table of pairs of whole numbers.
    Units,
    /// A table of pairs of numbers.
    Ranges,
    /// Names with lists of numbers.
    Lists,
    /// A registered problem with its parameters.
    Problem,
    /// A registered algorithm with its parameters.
    Algorithm,
    /// A registered quantity with its parameters.
    Quantity,
    /// `"none"`, or a registered law with its parameters.
    Noise,
    /// Replicates: a number, or one per profile.
    Replicates,
    /// A list of block sizes, or `"whole"`.
    Blocks,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The key.
    pub key: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// One or two sentences.
    pub doc: &'static str,
}

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// Its key; empty for the file's top.
    pub name: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
}

const fn must(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, shape, required: true, doc }
}

const fn may(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, shape, required: false, doc }
}

/// Relations by name.
pub(super) const RELATIONS: &[&str] = &["upper", "lower", "tight", "identity", "rate", "ordering", "non-convergence"];
/// Outcomes by name.
pub(super) const OUTCOMES: &[&str] = &["holds", "violated", "undecided", "hypothesis-fails"];
const SIGN_ZERO: &[&str] = &["0", "+1", "-1", "random"];
const TIES: &[&str] = &["zero", "+1", "-1", "random"];
const SCALES: &[&str] = &["linear", "log"];

/// All tables of a claim file.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "",
        fields: &[
            must("schema", Shape::Number, "Format of the file: 1."),
            must("id", Shape::Text, "`<paper>/<claim>`."),
            must("title", Shape::Text, "The claim in a few words."),
            must("source", Shape::Section("source"), "Where it stands."),
            must("statement", Shape::Text, "The claim in LaTeX, for the page."),
            may(
                "relation",
                Shape::Word(RELATIONS),
                "How left and right are compared; absent in a file that only draws.",
            ),
            may(
                "left",
                Shape::Left,
                "Left side: an expression over statistics (`f`, `grad_l1`, ..) under `last`, `mean`, `min`, `max` over time and E over replicates, or over a quantity's outputs. E is taken outside where it is not written.",
            ),
            may(
                "hypotheses",
                Shape::Texts,
                "Names of hypotheses, audited on every cell before its sides are compared.",
            ),
            may(
                "requires",
                Shape::Texts,
                "Inequalities between expressions, such as `alpha < 2/Linf`, that a cell must satisfy.",
            ),
            may("assumes", Shape::Texts, "Hypotheses that the paper uses silently, listed on the page."),
            may(
                "margin",
                Shape::Expression,
                "For identity, tight and rate: the half-width that counts as equal. 0 needs exact evidence.",
            ),
            may(
                "trivial",
                Shape::Expression,
                "What is known of the left side without the claim, in the relation's direction (upper or lower): a bound that says no more is vacuous. Or `none: <reason>`. It is about the file's left side and relation: a bound with its own gives its own.",
            ),
            may("units", Shape::Text, "`waived: <reason>` where a bound is knowingly not homogeneous in [f] and [x]."),
            may(
                "dimensions",
                Shape::Units,
                "Units of declared parameters, as powers of [f] and [x]: `{ alpha = [-1, 2] }` for a step size. Others are numbers.",
            ),
            may("rate_in", Shape::Text, "For `rate`: the swept parameter against which the exponent is fitted."),
            may("notes", Shape::Texts, "Settings that the paper leaves open and what was chosen."),
            may(
                "parameters",
                Shape::Parameters,
                "Declared names; a list is swept, and `{ quick = .., full = .. }` gives a value or list for each profile.",
            ),
            may("problem", Shape::Problem, "The objective, with its `start`."),
            may("oracle", Shape::Section("oracle"), "Where gradients come from."),
            may("algorithm", Shape::Algorithm, "The optimiser and its schedules."),
            may("quantity", Shape::Quantity, "A closed form or identity, in place of problem, oracle and algorithm."),
            may("semantics", Shape::Section("semantics"), "Conventions that papers leave open."),
            may("run", Shape::Section("run"), "Horizon, replicates, window and checkpoints."),
            may("tune", Shape::Section("tune"), "A parameter that shorter runs choose before the claim is decided."),
            may(
                "case",
                Shape::Sections("case"),
                "Instances: changes of the file, each swept; the unchanged file if there is none.",
            ),
            may("bound", Shape::Sections("bound"), "Right sides, each decided by itself."),
            may("control", Shape::Sections("control"), "Variations that must come out as stated."),
            may("curve", Shape::Sections("curve"), "Further runs that figures and orderings name."),
            may("figure", Shape::Sections("figure"), "What is drawn."),
            may(
                "family",
                Shape::Section("family"),
                "What `falsify` may vary; what is left out follows from the hypotheses.",
            ),
        ],
    },
    Section {
        name: "family",
        fields: &[
            may(
                "scope",
                Shape::Word(&["hypotheses", "listed"]),
                "`hypotheses`: numbers, objective and noise vary as far as hypotheses allow; `listed`: the listed instances only. Default: `hypotheses` for upper bounds that have some.",
            ),
            may("parameters", Shape::Ranges, "Closed ranges of declared parameters: `{ T = [1, 64] }`."),
            may("values", Shape::Lists, "Values of declared parameters that no range gives: `{ T = [16, 81, 256] }`."),
            may(
                "problems",
                Shape::Texts,
                "Objectives that may stand in for the file's; `[]` leaves the file's own as it is.",
            ),
            may(
                "noise",
                Shape::Texts,
                "Noise laws that may stand in, `\"none\"` among them; `[]` leaves the file's own.",
            ),
            may("dimension", Shape::Pair, "Fewest and most coordinates of what stands in: `[1, 4]`."),
            may("conventions", Shape::Texts, "Conventions that are open: `sign_zero`, `ties`; `[]` leaves the file's."),
        ],
    },
    Section {
        name: "source",
        fields: &[
            must("paper", Shape::Text, "Key of the paper."),
            must("place", Shape::Text, "Theorem, equation or figure."),
        ],
    },
    Section {
        name: "oracle",
        fields: &[
            may("noise", Shape::Noise, "`\"none\"`, or `{ law = \"gaussian\", scale = 1 }`; one draw a worker a call."),
            may("batch", Shape::Expression, "Draws averaged into one gradient; may depend on k. Default 1."),
            may("workers", Shape::Expression, "Number of workers M. Default 1, or the problem's own number."),
            may(
                "sampling",
                Shape::Word(&["full", "minibatch"]),
                "`minibatch` draws `batch` samples of a finite sum with replacement and takes the mean of their gradients: grad f on average where f is a mean (`logistic`), grad f/n where it is a sum (`two-line-squares`, `line-losses`, `wilson`). Default `full`.",
            ),
        ],
    },
    Section {
        name: "semantics",
        fields: &[
            may("sign_zero", Shape::Word(SIGN_ZERO), "Value of sgn(0). Default `0`."),
            may("ties", Shape::Word(TIES), "What the server sends for a tied coordinate. Default `zero`."),
            may(
                "momentum_form",
                Shape::Word(&["sum", "average"]),
                "m = g + beta m, or beta m + (1 - beta) g. Default: the algorithm's own.",
            ),
            may(
                "momentum_start",
                Shape::Word(&["zero", "first-gradient"]),
                "The memory that the first step works with: its own formula from a memory of 0 (`zero`), or the first gradient itself (`first-gradient`: m = g after the first step). Default `zero`.",
            ),
            may("scaling", Shape::Blocks, "What is scaled as one vector: `\"whole\"`, or a list of block sizes."),
        ],
    },
    Section {
        name: "run",
        fields: &[
            must("horizon", Shape::Expression, "Number of steps."),
            may(
                "replicates",
                Shape::Replicates,
                "A number, or `{ quick = .., full = .. }`. Ignored where nothing is random. Sampling ends at 1/16 or 1/4 of it where every question is settled, and goes on to 4 times as many where one is open.",
            ),
            may(
                "window",
                Shape::Pair,
                "First and last iterate over which mean, min and max are taken. Default `[0, horizon - 1]`.",
            ),
            may("checkpoints", Shape::Expression, "Number of iterates recorded for curves. Default 100."),
            may("spacing", Shape::Word(SCALES), "Spacing of the checkpoints. Default `linear`."),
        ],
    },
    Section {
        name: "tune",
        fields: &[
            must(
                "parameter",
                Shape::Text,
                "A declared parameter with a list of values, the candidates: each setup is run with each of them, and takes the best.",
            ),
            must(
                "by",
                Shape::Left,
                "What the candidates are compared by, such as `last(f)`. A candidate whose run diverges is never taken; of equals, the first is.",
            ),
            may("best", Shape::Word(&["smallest", "largest"]), "Which value of `by` is best. Default `smallest`."),
            may(
                "change",
                Shape::Change,
                "How the runs that choose differ from the others: fewer steps, one replicate, one value of each swept parameter.",
            ),
        ],
    },
    Section {
        name: "case",
        fields: &[
            must("name", Shape::Text, "Name of the instance."),
            must(
                "change",
                Shape::Change,
                "What differs from the file. Tables merge key by key, and everything else is replaced; a change that names another part (problem, algorithm, quantity, law, compressor) drops the keys of the part before, but for those that it repeats or lists, as in `keep = [\"step_size\"]`. A bare text in place of a law or a compressor is a name as well: the part that has it already keeps its keys. A problem's `start`, and `batch`, `workers` and `sampling`, are no keys of a part and stay.",
            ),
        ],
    },
    Section {
        name: "bound",
        fields: &[
            must("name", Shape::Text, "`printed`, `derived`, a step's letter, ..."),
            may("right", Shape::Expression, "Right side, in declared parameters and facts."),
            may("order", Shape::Texts, "For `ordering`: curves by increasing left side."),
            must("expect", Shape::Word(OUTCOMES), "The outcome found. No verdict reads it."),
            must("why", Shape::Text, "Why, in a sentence of your own."),
            may("left", Shape::Left, "Left side, where it differs from the file's."),
            may("relation", Shape::Word(RELATIONS), "Relation, where it differs."),
            may("margin", Shape::Expression, "Margin, where it differs."),
            may(
                "trivial",
                Shape::Expression,
                "Trivial bound on this left side in this relation's direction, or `none: <reason>`.",
            ),
            may("change", Shape::Change, "What else differs from the file."),
            may("cases", Shape::Texts, "Restricts the bound to these cases."),
            may(
                "family",
                Shape::Section("family"),
                "What `falsify` may vary for this bound, in place of the file's `[family]`.",
            ),
        ],
    },
    Section {
        name: "control",
        fields: &[
            must("bound", Shape::Text, "The bound that it varies."),
            must(
                "change",
                Shape::Change,
                "The variation; may also set `right`, `left`, `relation`, `margin` or `order`.",
            ),
            must("expect", Shape::Word(OUTCOMES), "The outcome that it must have."),
            may("cases", Shape::Texts, "Restricts the control to these cases."),
        ],
    },
    Section {
        name: "curve",
        fields: &[
            must("name", Shape::Text, "Label in legends."),
            must("change", Shape::Change, "What differs from the file."),
        ],
    },
    Section {
        name: "figure",
        fields: &[
            must(
                "kind",
                Shape::Word(&[
                    "left-against-bound",
                    "curves",
                    "contours",
                    "directions",
                    "histogram",
                    "images",
                    "table",
                ]),
                "What is drawn: the left side and the bounds over a parameter; statistics over the iterations; iterates on contour lines; first-step directions; the noise of a minibatch's gradient at the last iterate, one histogram per parameter; images of each class; a table of a quantity's outputs.",
            ),
            may("name", Shape::Text, "Suffix of the file name where a claim has several figures."),
            may("title", Shape::Text, "Heading. Default: the claim's title."),
            may("caption", Shape::Text, "Added to the generated caption."),
            may("x", Shape::Text, "Parameter on the horizontal axis; the iteration k for curves."),
            may("y", Shape::Texts, "One panel each: expressions over statistics, or outputs of a quantity."),
            may("lines", Shape::Texts, "Outputs of a quantity or expressions drawn as lines of one panel."),
            may("by", Shape::Text, "Parameter that distinguishes the lines."),
            may("curves", Shape::Texts, "Curves shown. Default: all."),
            may("cases", Shape::Texts, "Cases shown. Default: all."),
            may("bounds", Shape::Texts, "Bounds drawn dashed. Default: all."),
            may("x_label", Shape::Text, "Label of the horizontal axis."),
            may("y_label", Shape::Texts, "Labels of the vertical axes, one per panel."),
            may("x_scale", Shape::Word(SCALES), "Scale of the horizontal axis. Default `linear`."),
            may("y_scale", Shape::Word(SCALES), "Scale of the vertical axes. Default `linear`."),
            may(
                "band",
                Shape::Word(&["none", "deviation", "interval"]),
                "Band around curves: one standard deviation, or the interval of the mean. Default `interval`.",
            ),
            may("x_range", Shape::Pair, "Ends of the horizontal axis."),
            may("y_range", Shape::Pair, "Ends of the vertical axes."),
        ],
    },
];

/// The section of that name.
#[must_use]
pub(super) fn section(name: &str) -> &'static Section {
    SECTIONS.iter().find(|s| s.name == name).unwrap_or(&SECTIONS[0])
}
