//! The fenced examples of rule pages.

/// A fenced example of a page.
pub struct Example {
    /// Whether the rule must find something in it.
    pub bad: bool,
    pub language: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    /// The configuration that a `toml config` fence before it gives.
    pub config: String,
    /// The lines of the `findings` fence after it, and that fence's place in the page.
    pub findings: Vec<String>,
    pub findings_lines: Option<(usize, usize)>,
    /// The line after the example's closing fence, from 0.
    pub end: usize,
}

impl Example {
    /// The value of an attribute of the fence.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The examples of a page, in order.
pub fn examples(page: &str) -> Vec<Example> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found: Vec<Example> = Vec::new();
    let mut config = String::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(info) = lines[at].strip_prefix("```").filter(|info| !info.is_empty()) else {
            at += 1;
            continue;
        };
        let end = (at + 1..lines.len()).find(|line| lines[*line] == "```").expect("every fence is closed");
        let text = lines[at + 1..end].join("\n") + "\n";
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or_default().to_owned();
        match words.next() {
            Some(word @ ("bad" | "good")) => found.push(Example {
                bad: word == "bad",
                language,
                attributes: words.filter_map(|word| word.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect(),
                text,
                config: std::mem::take(&mut config),
                findings: Vec::new(),
                findings_lines: None,
                end: end + 1,
            }),
            Some("config") => config = text,
            Some("findings") => {
                let example = found.last_mut().expect("`findings` stands after its example");
                example.findings = lines[at + 1..end].iter().map(|line| (*line).to_owned()).collect();
                example.findings_lines = Some((at + 1, end));
            }
            Some(other) => panic!("unknown kind of fence `{other}`"),
            None => {}
        }
        at = end + 1;
    }
    found
}
