//! Makes the JavaScript side of a WASM file: `bindgen IN.wasm OUT_DIR`. What `wasm-bindgen` the command does, in the
//! version that the lock file names.

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), String> {
    let mut given = std::env::args().skip(1);
    let (Some(wasm), Some(out)) = (given.next(), given.next()) else {
        return Err("usage: bindgen IN.wasm OUT_DIR".to_owned());
    };
    let made = Bindgen::new().input_path(wasm).web(true).and_then(|bindgen| {
        bindgen.typescript(true).omit_default_module_path(true).remove_name_section(true).generate(out)
    });
    made.map_err(|error| format!("{error:#}"))
}
