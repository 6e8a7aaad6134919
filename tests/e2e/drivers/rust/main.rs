//! Driver program of the Rust driver (scylla). Commands: ../README.md.
use openssl::ssl::{SslContext, SslContextBuilder, SslFiletype, SslMethod, SslVerifyMode};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::Compression;
use scylla::errors::{ExecutionError, PrepareError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, Statement};
use scylla::value::{CqlValue, Row};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Cells = Vec<Option<CqlValue>>;
type Failure = (String, String); // class and message

#[derive(Default)]
struct State {
    sessions: Mutex<HashMap<i64, Arc<Session>>>,
    prepared: Mutex<HashMap<i64, PreparedStatement>>,
}

fn other(problem: impl std::fmt::Display) -> Failure {
    ("Error".into(), problem.to_string())
}

fn of_attempt(problem: &RequestAttemptError) -> Option<Failure> {
    match problem {
        RequestAttemptError::DbError(kind, message) => {
            let name = format!("{kind:?}");
            Some((name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").into(), message.clone()))
        }
        _ => None,
    }
}

fn executed(problem: ExecutionError) -> Failure {
    match &problem {
        ExecutionError::LastAttemptError(attempt) => of_attempt(attempt).unwrap_or_else(|| other(&problem)),
        ExecutionError::PrepareError(prepare) => of_prepare(prepare).unwrap_or_else(|| other(&problem)),
        _ => other(&problem),
    }
}

fn of_prepare(problem: &PrepareError) -> Option<Failure> {
    match problem {
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(first_attempt),
        _ => None,
    }
}

/// `folder` holds the files of a bundle.
fn tls(folder: &str) -> Result<SslContext, openssl::error::ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_ca_file(format!("{folder}/ca.crt"))?;
    builder.set_certificate_file(format!("{folder}/cert"), SslFiletype::PEM)?;
    builder.set_private_key_file(format!("{folder}/key"), SslFiletype::PEM)?;
    builder.set_verify(SslVerifyMode::PEER);
    Ok(builder.build())
}

fn cells(from: &Value) -> Cells {
    let cell = |value: &Value| match value {
        Value::Null => None,
        Value::Number(number) => Some(CqlValue::Int(number.as_i64().unwrap_or(0) as i32)),
        other => Some(CqlValue::Text(other.as_str().unwrap_or("").into())),
    };
    from.as_array().into_iter().flatten().map(cell).collect()
}

fn plain(cell: &Option<CqlValue>) -> Value {
    match cell {
        None => Value::Null,
        Some(CqlValue::Int(number)) => json!(number),
        Some(CqlValue::Text(text)) => json!(text),
        Some(CqlValue::Boolean(flag)) => json!(flag),
        Some(CqlValue::Inet(address)) => json!(address.to_string()),
        Some(CqlValue::List(list)) => list.iter().map(|one| plain(&Some(one.clone()))).collect(),
        Some(other) => json!(format!("{other:?}")),
    }
}

fn read(result: QueryResult) -> Result<Value, Failure> {
    if !result.is_rows() {
        return Ok(json!({"columns": [], "rows": []}));
    }
    let result = result.into_rows_result().map_err(other)?;
    let columns: Vec<String> = result.column_specs().iter().map(|column| column.name().to_owned()).collect();
    let mut rows = Vec::new();
    for row in result.rows::<Row>().map_err(other)? {
        rows.push(row.map_err(other)?.columns.iter().map(plain).collect::<Value>());
    }
    let applied = if columns.first().is_some_and(|name| name == "[applied]") { rows[0][0].clone() } else { Value::Null };
    Ok(json!({"columns": columns, "rows": rows, "applied": applied}))
}

impl State {
    fn session(&self, command: &Value) -> Result<Arc<Session>, Failure> {
        self.sessions.lock().unwrap().get(&command["session"].as_i64().unwrap_or(0)).cloned().ok_or_else(|| other("no such session"))
    }

    fn prepared(&self, command: &Value) -> Option<PreparedStatement> {
        self.prepared.lock().unwrap().get(&command["prepared"].as_i64()?).cloned()
    }

    async fn connect(&self, command: &Value) -> Result<Value, Failure> {
        let mut builder = SessionBuilder::new()
            .known_node(format!("{}:{}", command["host"].as_str().unwrap_or(""), command["port"]))
            .connection_timeout(Duration::from_secs(20)); // a busy machine is no failure
        if let Some(folder) = command["tls"].as_str() {
            builder = builder.tls_context(Some(tls(folder).map_err(other)?));
        }
        builder = builder.compression(match command["compression"].as_str() {
            Some("lz4") => Some(Compression::Lz4),
            Some("snappy") => Some(Compression::Snappy),
            _ => None,
        });
        if let (Some(user), Some(password)) = (command["username"].as_str(), command["password"].as_str()) {
            builder = builder.user(user, password);
        }
        if let Some(keyspace) = command["keyspace"].as_str() {
            builder = builder.use_keyspace(keyspace, false);
        }
        let session = builder.build().await.map_err(other)?;
        let nodes: Vec<String> = session.get_cluster_state().get_nodes_info().iter().map(|node| node.address.ip().to_string()).collect();
        self.sessions.lock().unwrap().insert(command["session"].as_i64().unwrap_or(0), Arc::new(session));
        Ok(json!({"protocol": null, "nodes": nodes})) // this driver speaks v4 only, and has no call that says so
    }

    async fn execute(&self, session: &Session, command: &Value) -> Result<QueryResult, Failure> {
        let values = cells(&command["values"]);
        match self.prepared(command) {
            Some(prepared) => session.execute_unpaged(&prepared, values).await.map_err(executed),
            None => {
                let mut statement = Statement::new(command["text"].as_str().unwrap_or(""));
                if command["consistency"] == "ONE" {
                    statement.set_consistency(Consistency::One);
                }
                session.query_unpaged(statement, values).await.map_err(executed)
            }
        }
    }

    async fn batch(&self, session: &Session, command: &Value) -> Result<Value, Failure> {
        let (mut batch, mut values) = (Batch::new(BatchType::Logged), Vec::new());
        for one in command["statements"].as_array().into_iter().flatten() {
            batch.append_statement(match self.prepared(one) {
                Some(prepared) => BatchStatement::PreparedStatement(prepared),
                None => BatchStatement::Query(Statement::new(one["text"].as_str().unwrap_or(""))),
            });
            values.push(cells(&one["values"]));
        }
        session.batch(&batch, values).await.map_err(executed)?;
        Ok(json!({}))
    }

    async fn many(&self, session: Arc<Session>, command: &Value) -> Result<Value, Failure> {
        let prepared = self.prepared(command).ok_or_else(|| other("no such statement"))?;
        let room = Arc::new(Semaphore::new(command["in_flight"].as_u64().unwrap_or(1) as usize));
        let mut tasks = JoinSet::new();
        let all = command["values"].as_array().cloned().unwrap_or_default();
        let mut first = vec![Value::Null; all.len()];
        for (place, values) in all.into_iter().enumerate() {
            let (session, prepared, permit) = (session.clone(), prepared.clone(), room.clone().acquire_owned().await.map_err(other)?);
            tasks.spawn(async move {
                let answer = session.execute_unpaged(&prepared, cells(&values)).await.map_err(executed).and_then(read);
                drop(permit);
                (place, answer)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (place, answer) = done.map_err(other)?;
            first[place] = answer?["rows"].get(0).cloned().unwrap_or(Value::Null);
        }
        Ok(json!({"first": first}))
    }

    async fn page(&self, session: &Session, command: &Value) -> Result<Value, Failure> {
        let size = command["size"].as_i64().unwrap_or(100) as i32;
        let state: Option<Vec<u8>> = serde_json::from_value(command["state"].clone()).map_err(other)?;
        let state = state.map_or_else(PagingState::start, PagingState::new_from_raw_bytes);
        let values = cells(&command["values"]);
        let (result, next) = match self.prepared(command) {
            Some(mut prepared) => {
                prepared.set_page_size(size);
                session.execute_single_page(&prepared, values, state).await
            }
            None => {
                let statement = Statement::new(command["text"].as_str().unwrap_or("")).with_page_size(size);
                session.query_single_page(statement, values, state).await
            }
        }
        .map_err(executed)?;
        let mut answer = read(result)?;
        answer["state"] = match next {
            PagingStateResponse::HasMorePages { state } => json!(state.as_bytes_slice().map(|bytes| bytes.to_vec())),
            PagingStateResponse::NoMorePages => Value::Null,
        };
        Ok(answer)
    }

    async fn carry_out(&self, command: &Value) -> Result<Value, Failure> {
        let what = command["do"].as_str().unwrap_or("");
        if what == "connect" {
            return self.connect(command).await;
        }
        let session = self.session(command)?;
        match what {
            "prepare" => {
                let statement = session.prepare(command["text"].as_str().unwrap_or("")).await;
                let statement = statement.map_err(|problem| of_prepare(&problem).unwrap_or_else(|| other(&problem)))?;
                self.prepared.lock().unwrap().insert(command["id"].as_i64().unwrap_or(0), statement);
                Ok(json!({"prepared": command["id"]}))
            }
            "execute" => read(self.execute(&session, command).await?),
            "batch" => self.batch(&session, command).await,
            "many" => self.many(session, command).await,
            "page" => self.page(&session, command).await,
            "set_keyspace" => session.use_keyspace(command["keyspace"].as_str().unwrap_or(""), false).await.map(|_| json!({})).map_err(other),
            "columns" => {
                let state = session.get_cluster_state();
                let keyspace = state.get_keyspace(command["keyspace"].as_str().unwrap_or(""));
                let table = keyspace.and_then(|found| found.tables.get(command["table"].as_str().unwrap_or("")));
                Ok(json!({"columns": table.map_or_else(Vec::new, |found| found.columns.keys().cloned().collect())}))
            }
            "close" => {
                self.sessions.lock().unwrap().remove(&command["session"].as_i64().unwrap_or(0));
                Ok(json!({}))
            }
            _ => Err(other(format!("no such command: {what}"))),
        }
    }
}

#[tokio::main]
async fn main() {
    let state = Arc::new(State::default());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let state = state.clone();
        tokio::spawn(async move {
            let command: Value = serde_json::from_str(&line).expect("a command is JSON");
            let mut answer = match state.carry_out(&command).await {
                Ok(said) => said,
                Err((class, message)) => json!({"error": {"class": class, "message": message}}),
            };
            answer["id"] = command["id"].clone();
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}").and_then(|()| out.flush()).expect("someone reads the answers");
        });
    }
}
