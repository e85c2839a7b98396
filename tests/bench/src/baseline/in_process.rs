//! The upper limit: the same statements for one partnership without a pool, a runtime or a web server, in a loop.

use std::time::Instant;

use rusqlite::types::Value;
use uuid::Uuid;

use super::statements as sql;
use crate::Failure;

const ROUNDS: u32 = 5_000;

/// Reads one partnership with rusqlite. Returns the reads per second.
pub fn rusqlite(path: &str, slug: &str) -> Result<f64, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "mmap_size", 134_217_728)?;
    let ids = |statement: &str, ids: &[Value], column: usize| -> Result<Vec<Value>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare_cached(&sql::parameters(statement, ids.len()))?;
        let mut rows = statement.query(rusqlite::params_from_iter(ids))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            for other in 0..row.as_ref().column_count() {
                std::hint::black_box(row.get::<_, Value>(other)?);
            }
            found.push(row.get(column)?);
        }
        found.sort_by_key(|value| if let Value::Blob(id) = value { id.clone() } else { Vec::new() });
        found.dedup();
        Ok(found)
    };
    let one = format!("{} {}", sql::COLUMNS, sql::ONE);
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let mut statement = connection.prepare_cached(&one)?;
        let id = statement.query_row(["public", "partnership", slug], |row| row.get::<_, Value>(0))?;
        let id = [id];
        ids(sql::SETS, &id, 0)?;
        let utilities = ids(sql::PARTIES, &id, 2)?;
        ids(sql::UTILITIES, &utilities, 3)?;
        let programmes = ids(sql::FUNDED, &id, 1)?;
        ids(sql::PROGRAMMES, &programmes, 1)?;
    }
    Ok(f64::from(ROUNDS) / began.elapsed().as_secs_f64())
}

/// Reads one partnership with tokio-postgres. Returns the reads per second.
pub async fn tokio_postgres(url: &str, slug: &str) -> Result<f64, Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let one = client.prepare(&format!("{} {}", sql::COLUMNS, sql::ONE)).await?;
    let id: Uuid = client.query_one(&one, &[&"public", &"partnership", &slug]).await?.try_get(0)?;
    let ids =
        async |statement: &str, ids: &[Uuid]| -> Result<(tokio_postgres::Statement, Vec<Uuid>), Failure> {
            Ok((client.prepare(&sql::parameters(statement, ids.len())).await?, ids.to_vec()))
        };
    let run = async |(statement, ids): &(tokio_postgres::Statement, Vec<Uuid>),
                     column|
           -> Result<Vec<Uuid>, Failure> {
        let values: Vec<_> = ids.iter().map(|id| id as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
        let rows = client.query(statement, &values).await?;
        let mut found = rows.iter().map(|row| row.try_get(column)).collect::<Result<Vec<Uuid>, _>>()?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    };
    let (sets, parties) = (ids(sql::SETS, &[id]).await?, ids(sql::PARTIES, &[id]).await?);
    let utilities = ids(sql::UTILITIES, &run(&parties, 2).await?).await?;
    let funded = ids(sql::FUNDED, &[id]).await?;
    let programmes = run(&funded, 1).await?;
    let programmes =
        if programmes.is_empty() { None } else { Some(ids(sql::PROGRAMMES, &programmes).await?) };
    let began = Instant::now();
    for _ in 0..ROUNDS {
        client.query_one(&one, &[&"public", &"partnership", &slug]).await?;
        run(&sets, 0).await?;
        run(&parties, 2).await?;
        run(&utilities, 3).await?;
        run(&funded, 1).await?;
        if let Some(programmes) = &programmes {
            run(programmes, 1).await?;
        }
    }
    let rate = f64::from(ROUNDS) / began.elapsed().as_secs_f64();
    drop(client);
    driver.await??;
    Ok(rate)
}
