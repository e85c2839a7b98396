//! Extracts the cells of an item while it is serialized. An export has many items, so no JSON value is built for each.

use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::{Error, Value, to_value};

use super::Column;
use super::cell::Cell;

/// Finds the values of the columns in items.
pub struct FieldSerializer {
    columns: Vec<Column>,
    root: Node,
}

/// A field on the path to columns, or the field of columns.
#[derive(Default)]
struct Node {
    columns: Vec<usize>,
    below: Vec<(String, Node)>,
}

impl Node {
    fn find(&self, member: &str) -> Option<&Self> {
        self.below.iter().find(|(name, _)| name == member).map(|(_, node)| node)
    }

    fn put(&mut self, path: &str, column: usize) {
        let (member, rest) = path.split_once('.').map_or((path, None), |(member, rest)| (member, Some(rest)));
        let known = self.below.iter().position(|(name, _)| name == member).unwrap_or_else(|| {
            self.below.push((member.to_owned(), Self::default()));
            self.below.len() - 1
        });
        let Some((_, node)) = self.below.get_mut(known) else { return };
        match rest {
            Some(rest) => node.put(rest, column),
            None => node.columns.push(column),
        }
    }
}

impl FieldSerializer {
    /// Makes a serializer for these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        let mut root = Node::default();
        columns.iter().enumerate().for_each(|(index, column)| root.put(column.path(), index));
        Self { columns, root }
    }

    /// Returns the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the cells of an item, in the order of the columns.
    ///
    /// Errors: the item is not an object.
    pub fn cells(&self, item: &impl Serialize) -> Result<Vec<Cell>, Error> {
        let mut cells = vec![Cell::Empty; self.columns.len()];
        item.serialize(Pick { columns: &self.columns, node: &self.root, cells: &mut cells })?;
        Ok(cells)
    }
}

struct Pick<'a> {
    columns: &'a [Column],
    node: &'a Node,
    cells: &'a mut [Cell],
}

struct Members<'a> {
    pick: Pick<'a>,
    key: Option<&'a Node>,
}

impl Members<'_> {
    fn put<V: Serialize + ?Sized>(&mut self, node: Option<&Node>, value: &V) -> Result<(), Error> {
        let Some(node) = node else { return Ok(()) };
        let columns = self.pick.columns;
        if !node.columns.is_empty() {
            let value = to_value(value)?;
            for index in &node.columns {
                if let Some((column, cell)) = columns.get(*index).zip(self.pick.cells.get_mut(*index)) {
                    *cell = column.cell(&value);
                }
            }
        }
        if node.columns.is_empty() || !node.below.is_empty() {
            value.serialize(Pick { columns, node, cells: self.pick.cells })?;
        }
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<V: Serialize + ?Sized>(&mut self, key: &'static str, value: &V) -> Result<(), Error> {
        self.put(self.pick.node.find(key), value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.key = match to_value(key)? {
            Value::String(key) => self.pick.node.find(&key),
            _ => None,
        };
        Ok(())
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), Error> {
        let key = self.key.take();
        self.put(key, value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

/// A value that is not an object has no fields.
macro_rules! nothing_in {
    ($($method:ident($($type:ty),*)),+ $(,)?) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), Error> {
            Ok(())
        })+
    };
}

fn unknown<R>() -> Result<R, Error> {
    Err(Error::custom("a row that is not an object"))
}

impl<'a> Serializer for Pick<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    nothing_in! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_none(),
        serialize_unit(),
        serialize_unit_struct(&'static str),
        serialize_unit_variant(&'static str, u32, &'static str),
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &V,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    /// An enum such as a party is an object whose only field is the variant.
    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &V,
    ) -> Result<(), Error> {
        let node = self.node.find(variant);
        Members { pick: self, key: None }.put(node, value)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(Members { pick: self, key: None })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Error> {
        Ok(Members { pick: self, key: None })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        unknown()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        unknown()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        unknown()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unknown()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unknown()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Kind;
    use super::*;

    #[test]
    fn cells_have_the_order_of_the_columns() {
        let column = |name: &str| Column::new(name, Kind::Text);
        let picker = FieldSerializer::new(["b.c", "a", "d.e.f", "b.x"].map(column).into());
        let item = json!({ "a": "1", "b": { "c": "2", "y": [3] }, "d": null, "z": [{ "a": "4" }] });
        let text = |text: &str| Cell::Text(text.to_owned());
        assert_eq!(picker.cells(&item).unwrap(), [text("2"), text("1"), Cell::Empty, Cell::Empty]);
        assert!(picker.cells(&[1]).is_err());
    }
}
