//! The statements on PostgreSQL, with tokio-postgres: prepared once, and sent together where they can be.

use futures_util::future::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::schema::{count, of_many, of_one, one, page, select};
use super::{Filters, Participants, Texts, partnership};
use crate::Failure;

pub struct Client {
    client: tokio_postgres::Client,
    one: Statement,
    of_one: Statement,
    page: Statement,
    count: Statement,
    of_many: Statement,
    word: Statement,
    word_count: Statement,
}

impl Texts for Row {
    fn key(&self) -> Result<i64, Failure> {
        Ok(self.try_get::<_, i32>(0)?.into())
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(self.try_get(column)?)
    }
}

fn participants(rows: &[Row]) -> Result<Vec<Participants>, Failure> {
    let mut all = Vec::new();
    for row in rows {
        Participants::add(&mut all, row)?;
    }
    Ok(all)
}

impl Client {
    pub async fn connect(url: &str) -> Result<Self, Failure> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        actix_web::rt::spawn(connection);
        let found = "FROM limit_partnership p, to_tsquery('simple', $1) AS q WHERE p.words @@ q \
                     ORDER BY ts_rank(p.words, q) DESC LIMIT 20";
        Ok(Self {
            one: client.prepare(&one()).await?,
            of_one: client.prepare(&of_one()).await?,
            page: client.prepare(&page()).await?,
            count: client.prepare(&count()).await?,
            of_many: client.prepare(&of_many("= ANY($1)")).await?,
            word: client.prepare(&select(found)).await?,
            word_count: client
                .prepare("SELECT count(*) FROM limit_partnership WHERE words @@ to_tsquery('simple', $1)")
                .await?,
            client,
        })
    }

    async fn complete(&self, rows: &[Row], total: i64) -> Result<Vec<u8>, Failure> {
        let keys = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i32>, _>>()?;
        let all = self.client.query(&self.of_many, &[&keys]).await?;
        super::page(rows, &participants(&all)?, total)
    }

    pub async fn one(&self, slug: &str) -> Result<Vec<u8>, Failure> {
        let (row, all) =
            try_join(self.client.query_one(&self.one, &[&slug]), self.client.query(&self.of_one, &[&slug]))
                .await?;
        let mut out = Vec::with_capacity(2_048);
        partnership(&mut out, &row, &participants(&all)?)?;
        Ok(out)
    }

    pub async fn page(&self, Filters { sector, country, status }: &Filters) -> Result<Vec<u8>, Failure> {
        let filters: [&(dyn ToSql + Sync); 3] = [sector, country, status];
        let (rows, total) =
            try_join(self.client.query(&self.page, &filters), self.client.query_one(&self.count, &filters))
                .await?;
        self.complete(&rows, total.try_get(0)?).await
    }

    pub async fn word(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let text: [&(dyn ToSql + Sync); 1] = [&text];
        let (rows, total) =
            try_join(self.client.query(&self.word, &text), self.client.query_one(&self.word_count, &text))
                .await?;
        self.complete(&rows, total.try_get(0)?).await
    }
}
