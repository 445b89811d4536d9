//! All points of a sweep, for analysis: the table of `write_csv` with types, in one row group.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::columns::{Cells, Column, columns};
use crate::sweep::Merged;

/// Writes the columns of [`super::write_csv`]: counts as INT64, numbers as DOUBLE, texts as UTF-8, all of
/// them optional.
///
/// # Errors
/// What the destination says.
pub fn write_parquet(merged: &Merged, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&encoded(&columns(merged)).map_err(io::Error::other)?)
}

fn encoded(columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("sweep").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for column in columns {
        let mut to = rows.next_column()?.expect("the schema has a field for every column");
        match &column.cells {
            // Counts of requests and of points stay far below 2^63.
            Cells::Counts(cells) => write::<Int64Type, _>(&mut to, cells, |count| *count as i64)?,
            Cells::Numbers(cells) => write::<DoubleType, _>(&mut to, cells, |number| *number)?,
            Cells::Texts(cells) => {
                write::<ByteArrayType, _>(&mut to, cells, |text: &String| ByteArray::from(text.as_str()))?
            }
        }
        to.close()?;
    }
    rows.close()?;
    writer.into_inner()
}

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.cells {
        Cells::Counts(_) => (Physical::INT64, None),
        Cells::Numbers(_) => (Physical::DOUBLE, None),
        Cells::Texts(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let builder = Type::primitive_type_builder(&column.name, physical);
    let field = builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build()?;
    Ok(Arc::new(field))
}

/// The values that are there, and for every row whether it has one.
fn write<T: DataType, C>(
    to: &mut SerializedColumnWriter<'_>,
    cells: &[Option<C>],
    value: impl Fn(&C) -> T::T,
) -> Result<(), ParquetError> {
    let there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.iter().flatten().map(value).collect();
    to.typed::<T>().write_batch(&values, Some(&there), None).map(|_| ())
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn what_is_written_is_read_by_name_and_type_and_what_is_missing_is_null() {
        let columns = [
            Column { name: "point".to_owned(), cells: Cells::Counts(vec![Some(0), Some(1)]) },
            Column { name: "lost".to_owned(), cells: Cells::Numbers(vec![Some(2.5), None]) },
            Column { name: "refused".to_owned(), cells: Cells::Texts(vec![None, Some("grace".to_owned())]) },
        ];
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&encoded(&columns).expect("a table")).expect("written");
        let reader = SerializedFileReader::new(file).expect("readable");
        let rows: Vec<Vec<(String, Field)>> = reader
            .get_row_iter(None)
            .expect("rows")
            .map(|row| row.expect("a row").get_column_iter().map(|(n, f)| (n.clone(), f.clone())).collect())
            .collect();
        let named = |name: &str, field: Field| (name.to_owned(), field);
        assert_eq!(
            rows,
            [
                vec![
                    named("point", Field::Long(0)),
                    named("lost", Field::Double(2.5)),
                    named("refused", Field::Null)
                ],
                vec![
                    named("point", Field::Long(1)),
                    named("lost", Field::Null),
                    named("refused", Field::Str("grace".to_owned()))
                ],
            ]
        );
    }
}
