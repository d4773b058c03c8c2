//! `/api/docs`: the contract as a page, made from the same description that `/api/openapi.json`
//! serves. No script, no other origin.

use axum::{http::header, response::IntoResponse};
use serde_json::Value;
use std::fmt::Write;
use utoipa::openapi::OpenApi;

/// The page.
pub fn page(api: &OpenApi) -> impl IntoResponse + Clone + use<> {
    // What utoipa made serialises.
    let api = serde_json::to_value(api).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ];
    (headers, html(&api))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
h2{margin-top:2.5rem;border-bottom:1px solid}details{margin:.6rem 0}summary{cursor:pointer}code,pre{font:14px/1.4 ui-monospace,monospace}\
pre{overflow:auto;padding:.6rem;border:1px solid;border-radius:.3rem}.m{display:inline-block;min-width:4.5rem;font-weight:700}td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}";

fn html(api: &Value) -> String {
    let mut out = String::new();
    let title = escaped(text(&api["info"]["title"]));
    let intro = escaped(text(&api["info"]["description"]));
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{intro}</p><p><a href=/api/openapi.json>openapi.json</a></p>"
    );
    let mut tag = "";
    for (path, method, operation) in operations(api) {
        let here = text(&operation["tags"][0]);
        if here != tag {
            tag = here;
            let _ = write!(out, "<h2>{}</h2>", escaped(tag));
        }
        endpoint(&mut out, api, path, method, operation);
    }
    out
}

/// All operations, by tag in the order the tags first appear.
fn operations(api: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = api["paths"].as_object().into_iter().flatten();
    let mut all: Vec<_> = paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect();
    let tags: Vec<&str> = all.iter().map(|(_, _, operation)| text(&operation["tags"][0])).collect();
    let mut order: Vec<&str> = Vec::new();
    for tag in tags {
        if !order.contains(&tag) {
            order.push(tag);
        }
    }
    all.sort_by_key(|(_, _, operation)| order.iter().position(|tag| *tag == text(&operation["tags"][0])));
    all
}

fn endpoint(out: &mut String, api: &Value, path: &str, method: &str, operation: &Value) {
    let summary = escaped(text(&operation["summary"]));
    let _ = write!(
        out,
        "<details><summary><span class=m>{}</span><code>{}</code> {summary}</summary><p>{}</p>",
        method.to_uppercase(),
        escaped(path),
        escaped(text(&operation["description"]))
    );
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    for parameter in parameters {
        let _ = write!(
            out,
            "<p><code>{}</code> {}</p>",
            escaped(text(&parameter["name"])),
            escaped(text(&parameter["description"]))
        );
    }
    schema(out, api, "Request", &operation["requestBody"]["content"]["application/json"]["schema"]);
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let heading = format!("{status} {}", text(&response["description"]));
        schema(out, api, &heading, &response["content"]["application/json"]["schema"]);
    }
    out.push_str("</details>");
}

/// The fields of a body, one line each.
fn schema(out: &mut String, api: &Value, heading: &str, schema: &Value) {
    if schema.is_null() && heading == "Request" {
        return;
    }
    let _ = write!(out, "<h4>{}</h4>", escaped(heading.trim()));
    let name = text(&schema["$ref"]).rsplit('/').next().unwrap_or_default();
    let fields = &api["components"]["schemas"][name]["properties"];
    if let Some(fields) = fields.as_object() {
        out.push_str("<table>");
        for (field, of) in fields {
            let _ = write!(
                out,
                "<tr><td><code>{}</code><td>{}<td>{}",
                escaped(field),
                escaped(&kind(of)),
                escaped(text(&of["description"]))
            );
        }
        out.push_str("</table>");
    }
}

fn kind(schema: &Value) -> String {
    if let Some(name) = text(&schema["$ref"]).rsplit('/').next().filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("[{}]", kind_of_items(schema)),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => schema["oneOf"]
            .as_array()
            .map_or_else(String::new, |all| all.iter().map(kind).collect::<Vec<_>>().join(" or ")),
    }
}

fn kind_of_items(schema: &Value) -> String {
    kind(&schema["items"])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
