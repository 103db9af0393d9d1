//! One MCP server, in terms of nobody's file format.

use std::collections::BTreeMap;
use std::fmt;

use super::variables::{Missing, Variables};

/// A server. Its texts may be secrets, so it is never shown whole.
#[derive(Clone, PartialEq)]
pub struct Server {
    /// How it is reached.
    pub transport: Transport,
    /// Whether codex starts it.
    pub enabled: bool,
    /// Whether no session begins without it.
    pub required: bool,
    /// The only tools that codex gets of it.
    pub enabled_tools: Option<Vec<String>>,
    /// Tools that codex does not get.
    pub disabled_tools: Vec<String>,
    /// Seconds that it may take to start.
    pub startup_timeout: Option<f64>,
    /// Seconds that a call may take.
    pub tool_timeout: Option<f64>,
}

/// How a server is reached.
#[derive(Clone, PartialEq)]
pub enum Transport {
    /// A child of codex.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables that it gets.
        env: BTreeMap<String, String>,
        /// Variables of codex that it gets too.
        passed: Vec<Passed>,
        /// Its folder.
        cwd: Option<String>,
    },
    /// Streamable HTTP.
    Http {
        /// Where.
        url: String,
        /// What each request carries.
        headers: BTreeMap<String, String>,
        /// Headers whose value is a variable of codex.
        header_variables: BTreeMap<String, String>,
        /// A variable of codex that holds the bearer token.
        bearer_variable: Option<String>,
    },
    /// The transport that MCP had before, which codex does not speak.
    Sse,
}

/// A variable of codex that a server gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its name.
    pub name: String,
    /// Whose variable it is, where the entry says so.
    pub source: Option<String>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("transport", &self.transport.name()).finish_non_exhaustive()
    }
}

impl Transport {
    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stdio { .. } => "stdio",
            Self::Http { .. } => "http",
            Self::Sse => "sse",
        }
    }
}

impl Server {
    /// The same with the values of variables in the place of their names. A header that is one variable
    /// and nothing else stays a name, which codex looks up by itself.
    ///
    /// # Errors
    /// Where a variable is not set and has no default.
    pub fn expand(&self, variables: &Variables) -> Result<Self, Missing> {
        let one = |text: &String| variables.expand(text);
        let each = |texts: &[String]| texts.iter().map(one).collect::<Result<Vec<_>, _>>();
        let map = |texts: &BTreeMap<String, String>| -> Result<BTreeMap<_, _>, _> {
            texts.iter().map(|(name, text)| Ok((name.clone(), variables.expand(text)?))).collect()
        };
        let transport = match &self.transport {
            Transport::Stdio { command, args, env, passed, cwd } => Transport::Stdio {
                command: one(command)?,
                args: each(args)?,
                env: map(env)?,
                passed: passed
                    .iter()
                    .map(|one| Ok(Passed { name: variables.expand(&one.name)?, source: one.source.clone() }))
                    .collect::<Result<_, _>>()?,
                cwd: cwd.as_ref().map(one).transpose()?,
            },
            Transport::Http { url, headers, header_variables, bearer_variable } => {
                let mut header_variables = map(header_variables)?;
                let mut bearer = bearer_variable.as_ref().map(one).transpose()?;
                let mut plain = BTreeMap::new();
                for (name, text) in headers {
                    let token =
                        text.strip_prefix("Bearer ").filter(|_| name.eq_ignore_ascii_case("authorization"));
                    if let Some(variable) =
                        token.and_then(|token| variables.only(token)).filter(|_| bearer.is_none())
                    {
                        bearer = Some(variable.to_owned());
                    } else if let Some(variable) = variables.only(text) {
                        header_variables.insert(name.clone(), variable.to_owned());
                    } else {
                        plain.insert(name.clone(), one(text)?);
                    }
                }
                Transport::Http { url: one(url)?, headers: plain, header_variables, bearer_variable: bearer }
            }
            Transport::Sse => Transport::Sse,
        };
        let enabled_tools = self.enabled_tools.as_ref().map(|tools| each(tools)).transpose()?;
        Ok(Self { transport, enabled_tools, disabled_tools: each(&self.disabled_tools)?, ..self.clone() })
    }
}
