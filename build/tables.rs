//! The tables of `src/aws/data` as Rust source: sorted `static` arrays of the structs in `src/aws`.
//!
//! Arrays that are looked up by name are sorted by its length and then by its bytes, which is the order that `aws::find`
//! and `aws::find_exact` search. Each function takes the text of its files and gives the source, or the fault that ends
//! the build.

use super::rows::{Fault, Order, Row, read};
use std::fmt::Write as _;

/// A file that is made: its name, and the tables that it is made from.
pub struct Made {
    /// The name in `OUT_DIR`.
    pub name: &'static str,
    /// The files in `src/aws/data`, in the order in which `write` takes them.
    pub from: &'static [&'static str],
    /// Writes the source.
    pub write: fn(&[String]) -> Written,
}

/// Rust source, or a fault after the place in [`Made::from`] of the file that has it.
pub type Written = Result<String, (usize, Fault)>;

/// Everything that is made from `src/aws/data`.
pub const ALL: [Made; 9] = [
    Made {
        name: "aws_accounts.rs",
        from: &["vendor-accounts.tsv", "aws-accounts.tsv", "placeholder-accounts.tsv"],
        write: |texts| {
            let vendors = accounts("VENDORS", &texts[0]).map_err(|fault| (0, fault))?;
            let aws = accounts("AWS", &texts[1]).map_err(|fault| (1, fault))?;
            Ok(vendors + &aws + &placeholders(&texts[2]).map_err(|fault| (2, fault))?)
        },
    },
    Made { name: "aws_ids.rs", from: &["unique-ids.tsv"], write: |texts| one(unique_ids(&texts[0])) },
    Made { name: "aws_issuers.rs", from: &["issuers.tsv"], write: |texts| one(issuers(&texts[0])) },
    Made { name: "aws_keys.rs", from: &["keys.tsv"], write: |texts| one(keys(&texts[0])) },
    Made { name: "aws_literals.rs", from: &["literal-stars.tsv"], write: |texts| one(literals(&texts[0])) },
    Made { name: "aws_partitions.rs", from: &["partitions.tsv", "regions.tsv"], write: |texts| partitions(texts) },
    Made { name: "aws_roles.rs", from: &["prescribed-roles.tsv"], write: |texts| one(roles(&texts[0])) },
    Made {
        name: "aws_services.rs",
        from: &["services.tsv", "service-aliases.tsv", "deputies.tsv"],
        write: |texts| {
            let services = services(&texts[0]).map_err(|fault| (0, fault))?;
            let aliases = aliases(&texts[1]).map_err(|fault| (1, fault))?;
            Ok(services + &aliases + &deputies(&texts[2]).map_err(|fault| (2, fault))?)
        },
    },
    Made { name: "aws_sts.rs", from: &["sts-actions.tsv"], write: |texts| one(sts_actions(&texts[0])) },
];

/// What one table gives, where a file is made of that one.
fn one(written: Result<String, Fault>) -> Written {
    written.map_err(|fault| (0, fault))
}

/// An array in the order of its items.
fn array(name: &str, of: &str, docs: &str, items: &[String]) -> String {
    let mut out = format!("/// {docs}\nstatic {name}: [{of}; {}] = [\n", items.len());
    for item in items {
        // Writing to a string does not fail.
        let _ = writeln!(out, "    {item},");
    }
    out.push_str("];\n");
    out
}

/// An array whose items are looked up by name.
fn by_name(name: &str, of: &str, docs: &str, mut items: Vec<(&str, String)>) -> String {
    items.sort_by_key(|(name, _)| (name.len(), *name));
    let items: Vec<String> = items.into_iter().map(|(_, item)| item).collect();
    array(name, of, docs, &items)
}

/// A list of words.
fn list(words: &[&str]) -> String {
    format!("List(&{words:?})")
}

/// The number of an account id.
fn account_id(row: &Row<'_>) -> Result<u64, Fault> {
    let id = row.field(0);
    let digits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| digits).ok_or_else(|| row.fault(format!("`{id}` is no account id of 12 digits")))
}

/// Account ids with whom they belong to.
pub fn accounts(name: &str, text: &str) -> Result<String, Fault> {
    let rows = read(text, 3, Order::Exact)?;
    let item = |row: &Row<'_>| Ok(format!("({}, {:?})", account_id(row)?, row.field(1)));
    let items: Vec<String> = rows.iter().map(item).collect::<Result<_, _>>()?;
    Ok(array(name, "(u64, &str)", "Account ids as numbers, with their owners.", &items))
}

/// Account ids alone.
pub fn placeholders(text: &str) -> Result<String, Fault> {
    let rows = read(text, 2, Order::Exact)?;
    let items: Vec<String> = rows.iter().map(|row| Ok(account_id(row)?.to_string())).collect::<Result<_, _>>()?;
    Ok(array("PLACEHOLDERS", "u64", "Account ids as numbers.", &items))
}

/// Prefixes of unique ids.
pub fn unique_ids(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| {
        let prefix = row.field(0);
        if prefix.len() != 4 || !prefix.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(row.fault(format!("`{prefix}` is no prefix of four capitals")));
        }
        Ok(format!("({prefix:?}, {:?})", row.field(1)))
    };
    let items: Vec<String> = read(text, 2, Order::Exact)?.iter().map(item).collect::<Result<_, _>>()?;
    Ok(array("PREFIXES", "(&str, &str)", "Prefixes and what they name.", &items))
}

/// Issuers: the literal ones, which are looked up, and those with a `*`, which are tried.
pub fn issuers(text: &str) -> Result<String, Fault> {
    let (mut literal, mut patterns) = (Vec::new(), Vec::new());
    for row in read(text, 9, Order::Exact)? {
        let pattern = row.field(0);
        if pattern.split('/').any(|segment| segment.matches('*').count() > 1) {
            return Err(row.fault(format!("`{pattern}` has two `*` between slashes")));
        }
        let kinds = [("shared", "Shared"), ("builtin", "Builtin"), ("private", "Private")];
        let kind = row.one_of(row.field(2), &kinds, "kind")?;
        let verified = row.one_of(row.field(8), &[("yes", true), ("no", false)], "answer")?;
        if row.words(4).is_empty() != (kind == "Private") {
            return Err(row.fault("an issuer has claims of tenants unless it is private"));
        }
        let item = format!(
            "Issuer {{ pattern: {pattern:?}, name: {:?}, kind: IssuerKind::{kind}, required: {:?}, tenant_claims: {}, \
             claims: {}, subjects: {}, audiences: {}, verified: {verified} }}",
            row.field(1),
            row.optional(3),
            list(&row.words(4)),
            list(&row.words(5)),
            list(&row.words(6)),
            list(&row.words(7)),
        );
        if pattern.contains('*') { patterns.push(item) } else { literal.push((pattern, item)) }
    }
    Ok(by_name("LITERAL", "Issuer", "Issuers of one name.", literal)
        + &array("PATTERNS", "Issuer", "Issuers with a part that varies.", &patterns))
}

/// What stands for an issuer in the table of keys.
const HOST: &str = "HOST:";

/// Condition keys: those with a name of their own, those that take a tag after their slash, and the claims that
/// issuers have in common.
pub fn keys(text: &str) -> Result<String, Fault> {
    let (mut named, mut tagged, mut common) = (Vec::new(), Vec::new(), Vec::new());
    let mut stand_ins = String::new();
    let mut missing = vec!["ABSENT", "CLAIM", "OTHER"];
    for row in read(text, 12, Order::IgnoringCase)? {
        let (name, item) = (row.field(0), key(&row)?);
        match name.strip_prefix(HOST) {
            Some(claim) if missing.contains(&claim) => {
                missing.retain(|other| *other != claim);
                let _ = writeln!(stand_ins, "/// {}.\nstatic {claim}: Key = {item};", row.field(11));
            }
            Some(claim) if claim.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                common.push(format!("({claim:?}, {item})"));
            }
            Some(claim) => return Err(row.fault(format!("`{claim}` is no claim, which has small letters"))),
            None if name.ends_with('/') => tagged.push((name, item)),
            None => named.push((name, item)),
        }
    }
    if let Some(name) = missing.first() {
        return Err(Fault::new(1, format!("the table has no row `{HOST}{name}`")));
    }
    Ok(by_name("KEYS", "Key", "Keys of one name.", named)
        + &by_name("TAGGED", "Key", "Keys with a tag after their slash.", tagged)
        + &array("COMMON", "(&str, Key)", "Claims that tokens have whoever the issuer is.", &common)
        + &stand_ins)
}

/// One key.
fn key(row: &Row<'_>) -> Result<String, Fault> {
    let types = ["String", "Arn", "Bool", "Numeric", "Date", "Ip"].map(|name| (name, name));
    let kind = row.one_of(row.field(1), &types, "type")?;
    let multivalued = row.one_of(row.field(2), &[("single", false), ("multi", true)], "count of values")?;
    let letters = [("A", "Always"), ("S", "Sometimes"), ("-", "Never"), ("?", "Unverified")];
    let presence: Vec<String> = (3..9)
        .map(|column| Ok(format!("Presence::{}", row.one_of(row.field(column), &letters, "presence")?)))
        .collect::<Result<_, _>>()?;
    let classes = [("F", "Free"), ("E", "Environment"), ("I", "Issued"), ("P", "Principal")];
    let class = row.field(9);
    if !class.is_ascii() || ![1, 6].contains(&class.len()) {
        return Err(row.fault(format!("class `{class}` has neither one letter nor six")));
    }
    let class: Vec<String> = (0..6)
        .map(|flow| if class.len() == 1 { 0 } else { flow })
        .map(|at| Ok(format!("Class::{}", row.one_of(&class[at..=at], &classes, "class")?)))
        .collect::<Result<_, _>>()?;
    let mark = row.one_of(row.field(10), &[("C", "Certain"), ("L", "Likely"), ("U", "Unsure")], "mark")?;
    Ok(format!(
        "Key {{ name: {:?}, kind: KeyType::{kind}, multivalued: {multivalued}, mark: Mark::{mark}, note: {:?}, \
         presence: [{}], class: [{}] }}",
        row.field(0),
        row.optional(11),
        presence.join(", "),
        class.join(", "),
    ))
}

/// Partitions, and Regions with the place of their partition. Takes the two texts in this order.
pub fn partitions(texts: &[String]) -> Written {
    let homes = read(&texts[0], 5, Order::Exact).map_err(|fault| (0, fault))?;
    let regions = read(&texts[1], 3, Order::Exact).map_err(|fault| (1, fault))?;
    let item = |row: &Row<'_>| {
        format!(
            "Partition {{ id: {:?}, dns_suffix: {:?}, dual_stack_suffix: {:?}, sign_in_host: {:?}, region_starts: {} }}",
            row.field(0),
            row.field(1),
            row.field(2),
            row.optional(3),
            list(&row.words(4)),
        )
    };
    let mut items = Vec::new();
    for row in &regions {
        let home = homes.iter().position(|home| home.field(0) == row.field(1));
        let home = home.ok_or_else(|| (1, row.fault(format!("`{}` is no partition", row.field(1)))))?;
        items.push((row.field(0), format!("({:?}, &PARTITIONS[{home}])", row.field(0))));
    }
    let homes: Vec<String> = homes.iter().map(item).collect();
    Ok(array("PARTITIONS", "Partition", "The partitions.", &homes)
        + &by_name("REGIONS", "(&str, &Partition)", "The Regions with their partitions.", items))
}

/// A service principal of a table, which has the suffix that all of them share.
fn host<'t>(row: &Row<'t>, column: usize) -> Result<&'t str, Fault> {
    let host = row.field(column);
    let name = host.strip_suffix(".amazonaws.com").filter(|name| !name.is_empty());
    name.map(|_| host).ok_or_else(|| row.fault(format!("`{host}` does not end in `.amazonaws.com`")))
}

/// Service principals.
pub fn services(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| Ok(format!("{:?}", host(row, 0)?));
    let rows = read(text, 2, Order::Exact)?;
    let items = rows.iter().map(|row| Ok((row.field(0), item(row)?))).collect::<Result<_, _>>()?;
    Ok(by_name("SERVICES", "&str", "Hosts of services.", items))
}

/// Wrong names of services.
pub fn aliases(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| Ok(format!("({:?}, {:?})", row.field(0), host(row, 1)?));
    let rows = read(text, 2, Order::Exact)?;
    let items = rows.iter().map(|row| Ok((row.field(0), item(row)?))).collect::<Result<_, _>>()?;
    Ok(by_name("ALIASES", "(&str, &str)", "Wrong names with the right hosts.", items))
}

/// Services as confused deputies.
pub fn deputies(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| {
        let classes = [("documented", "Documented"), ("compute", "Compute")];
        let class = row.one_of(row.field(1), &classes, "class")?;
        let keys = row.words(2);
        for key in &keys {
            row.one_of(key, &[("aws:SourceArn", ()), ("aws:SourceAccount", ())], "key")?;
        }
        if keys.is_empty() && class == "Documented" {
            return Err(row.fault("a documented service has keys"));
        }
        let read = row.one_of(row.field(3), &[("read", true), ("recalled", false)], "check")?;
        let arn = row.field(5);
        if keys.is_empty() != (arn == "-") || (arn != "-" && arn.split(':').nth(4) != Some("ACCOUNT")) {
            return Err(row.fault(format!("`{arn}` is no form of an ARN with ACCOUNT in its place")));
        }
        let source =
            format!("SourceKeys {{ keys: {}, page: {:?}, read: {read}, arn: {arn:?} }}", list(&keys), row.field(4));
        let source = if keys.is_empty() { "None".to_owned() } else { format!("Some({source})") };
        Ok(format!("Known {{ host: {:?}, class: Deputy::{class}, source: {source} }}", host(row, 0)?))
    };
    let rows = read(text, 6, Order::Exact)?;
    let items = rows.iter().map(|row| Ok((row.field(0), item(row)?))).collect::<Result<_, _>>()?;
    Ok(by_name("DEPUTIES", "Known", "What is known of services and the confused deputy.", items))
}

/// Values in which a star is meant.
pub fn literals(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| {
        let (key, value, service) = (row.field(0), row.field(1), row.optional(2));
        if !value.contains('*') {
            return Err(row.fault(format!("`{value}` has no star")));
        }
        Ok(format!("Literal {{ key: {key:?}, value: {value:?}, service: {service:?} }}"))
    };
    let items: Vec<String> = read(text, 4, Order::IgnoringCase)?.iter().map(item).collect::<Result<_, _>>()?;
    Ok(array("LITERALS", "Literal", "Values in which a star is meant.", &items))
}

/// Names of roles whose trust policy is prescribed.
pub fn roles(text: &str) -> Result<String, Fault> {
    let item = |row: &Row<'_>| {
        let trusts = row.one_of(row.field(1), &[("account", "Account"), ("service", "Service")], "trust")?;
        let (name, of) = (row.field(0), row.field(2));
        Ok(format!("Prescribed {{ name: {name:?}, trusts: Trusts::{trusts}, of: {of:?} }}"))
    };
    let items: Vec<String> = read(text, 4, Order::Exact)?.iter().map(item).collect::<Result<_, _>>()?;
    Ok(array("ROLES", "Prescribed", "Roles whose trust policy is prescribed.", &items))
}

/// The actions of STS, in the order of the table, in which they are listed.
pub fn sts_actions(text: &str) -> Result<String, Fault> {
    let callers = [("aws", "Aws"), ("service", "Service"), ("saml", "Saml"), ("oidc", "Oidc")];
    let item = |row: &Row<'_>| {
        let words = row.words(1).into_iter().map(|word| row.one_of(word, &callers, "caller"));
        let words: Vec<String> = words.map(|word| Ok(format!("Caller::{}", word?))).collect::<Result<_, Fault>>()?;
        Ok(format!("Action {{ name: {:?}, callers: &[{}] }}", row.field(0), words.join(", ")))
    };
    let items: Vec<String> = read(text, 3, Order::IgnoringCase)?.iter().map(item).collect::<Result<_, _>>()?;
    Ok(array("ACTIONS", "Action", "Actions and the callers for whom each is live.", &items))
}
