//! The `podloss` command: parse, dispatch, exit code.

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    for row in file["rows"].as_array().unwrap() {
        if args.len() > 2 && !row["name"].as_str().unwrap().starts_with(&args[2]) {
            continue;
        }
        let p = podloss::conform::live::predict(&row["parameters"]).unwrap();
        let c = podloss::conform::live::compare_row(row, p.as_ref());
        if args.len() > 3 {
            for (k, v) in &p.as_ref().unwrap().statuses {
                println!("{k} {v:?}");
            }
        }
        println!("{} {:?}", c.name, c.verdict);
        for l in c.lines {
            println!("    {l}");
        }
    }
}
