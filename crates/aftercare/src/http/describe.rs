//! Completes the description with what every route has, so that no route need say it: the answers of the
//! layers around the handlers, the headers of answers, and the bounds that a body's size sets on its parts.

use super::json::MAX_BODY;
use utoipa::openapi::{
    Content, KnownFormat, OpenApi, Ref, RefOr, Response, Schema, SchemaFormat,
    header::HeaderBuilder,
    path::{Operation, ParameterIn, PathItem},
    schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type},
    security::SecurityRequirement,
};

/// Completes it.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let reads_nothing = path.ends_with('z') || path.starts_with("/.well-known");
        for (post, operation) in operations(item) {
            complete_operation(operation);
            if !reads_nothing {
                answers(operation, post);
            }
        }
    }
    let components = api.components.get_or_insert_default();
    for (status, description) in ANSWERS {
        let mut response = Response::new(description);
        complete_response(status, &mut response);
        components.responses.insert(status.to_owned(), RefOr::T(response));
    }
    for (name, description, kind) in HEADERS {
        let mut schema = RefOr::T(Schema::Object(Object::with_type(kind)));
        bound(&mut schema);
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    components.schemas.values_mut().for_each(bound);
}

/// Each operation, and whether it is a POST.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let others = [get, put, delete, patch].into_iter().flatten().map(|operation| (false, operation));
    others.chain(post.iter_mut().map(|operation| (true, operation)))
}

/// What the layers around a handler, and what reads its request, may answer.
const ANSWERS: [(&str, &str); 11] = [
    ("400", "`malformed`: not JSON, or an `Idempotency-Key` that is none"),
    ("401", "`unauthenticated`: no access token, or one that is good no more"),
    ("403", "`forbidden`: not in this role, in this session, or not before something else is done"),
    ("404", "`not_found`: not there, or not yours to know of"),
    ("409", "`in_flight`: the same request is being worked on"),
    ("413", "`too_large`"),
    ("415", "`unsupported_media_type`"),
    ("422", "`invalid`: `errors` names each field and the mend; or `idempotency_key_reused`"),
    ("429", "`too_many_requests`"),
    ("500", "`internal`: a defect; it says nothing but its `request_id`"),
    ("503", "`unavailable`: try again"),
];

const HEADERS: [(&str, &str, Type); 5] = [
    ("X-Request-Id", "What names this request in the log.", Type::String),
    (
        "RateLimit",
        "What whoever is signed in may still ask for (draft-ietf-httpapi-ratelimit-headers).",
        Type::String,
    ),
    ("Access-Control-Allow-Origin", "Not sent: no page of another origin reads an answer.", Type::String),
    ("Retry-After", "In how many seconds to try again.", Type::Integer),
    ("WWW-Authenticate", "`Bearer`, and what is asked for (RFC 6750, RFC 9470).", Type::String),
];

fn answers(operation: &mut Operation, post: bool) {
    let body = operation.request_body.is_some();
    let has = |place: &ParameterIn| {
        let mut all = operation.parameters.iter().flatten();
        all.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == *place))
    };
    let (in_path, in_query) = (has(&ParameterIn::Path), has(&ParameterIn::Query));
    let signed_in = operation.security.iter().flatten().any(|needs| *needs != SecurityRequirement::default());
    for (status, _) in ANSWERS {
        let applies = match status {
            "400" => body || post,
            "401" | "403" => signed_in,
            "404" => in_path || (signed_in && in_query),
            "409" => post,
            "413" | "415" => body,
            "422" => body || post || in_query,
            _ => true,
        };
        let responses = &mut operation.responses.responses;
        if applies && !responses.contains_key(status) {
            responses.insert(status.to_owned(), RefOr::Ref(Ref::from_response_name(status)));
        }
    }
}

fn complete_operation(operation: &mut Operation) {
    if operation.security.is_none() {
        // Open on purpose.
        operation.security = Some(vec![SecurityRequirement::default()]);
    }
    if operation.description.is_none() {
        operation.description.clone_from(&operation.summary);
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(schema) = &mut parameter.schema
        {
            if let RefOr::T(Schema::Object(object)) = schema
                && is(object, &Type::String)
            {
                object.max_length.get_or_insert(LONGEST_PARAMETER);
            }
            bound(schema);
        }
    }
    let responses = &mut operation.responses.responses;
    // What says no more than what every route says is said once.
    responses.retain(|status, response| match response {
        RefOr::T(response) => {
            !(response.description.is_empty() && ANSWERS.iter().any(|(known, _)| known == status))
        }
        RefOr::Ref(_) => true,
    });
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            complete_response(status, response);
        }
    }
}

fn complete_response(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        let done = if status == "201" { "Made" } else { "Done" };
        done.clone_into(&mut response.description);
    }
    if status >= "400" {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        response.content = [("application/problem+json".to_owned(), RefOr::T(problem))].into_iter().collect();
    }
    for content in response.content.values_mut() {
        if let RefOr::T(Content { schema: Some(schema), .. }) = content {
            bound(schema);
        }
    }
    for (name, ..) in HEADERS {
        let applies = match name {
            "Retry-After" => ["429", "503"].contains(&status),
            "WWW-Authenticate" => status == "401",
            _ => true,
        };
        if applies {
            let header = Ref::new(format!("#/components/headers/{name}"));
            response.headers.insert(name.to_owned(), RefOr::Ref(header));
        }
    }
}

/// No list is longer than a body's bytes allow, or than what is ever put into one answer.
const LONGEST_LIST: usize = 100_000;
/// An address with its parameters must fit into 64 KiB, each character in up to twelve.
const LONGEST_PARAMETER: usize = 400;
/// JSON numbers are exact up to here (RFC 8259).
const EXACT: isize = (1 << 53) - 1;

/// Bounds a schema, and what is in it, where it does not say itself.
fn bound(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => bound_object(object),
        RefOr::T(Schema::Array(array)) => {
            array.max_items.get_or_insert(LONGEST_LIST);
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items);
            }
        }
        RefOr::T(Schema::OneOf(any)) => any.items.iter_mut().for_each(bound),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(bound),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter_mut().for_each(bound),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

fn is(object: &Object, wanted: &Type) -> bool {
    match &object.schema_type {
        SchemaType::Type(kind) => kind == wanted,
        SchemaType::Array(kinds) => kinds.contains(wanted),
        SchemaType::AnyValue => false,
    }
}

fn bound_object(object: &mut Object) {
    if is(object, &Type::String) && object.enum_values.is_none() {
        let most = match &object.format {
            Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => 36,
            Some(SchemaFormat::KnownFormat(
                KnownFormat::Date | KnownFormat::DateTime | KnownFormat::Time,
            )) => 40,
            _ => MAX_BODY,
        };
        object.max_length.get_or_insert(most);
    }
    if is(object, &Type::Integer) {
        let format = object.format.get_or_insert(SchemaFormat::KnownFormat(KnownFormat::Int64));
        let narrow = matches!(format, SchemaFormat::KnownFormat(KnownFormat::Int32));
        let most = if narrow { i32::MAX as isize } else { EXACT };
        object.maximum.get_or_insert(utoipa::Number::Int(most));
        object.minimum.get_or_insert(utoipa::Number::Int(-most));
    }
    object.properties.values_mut().for_each(bound);
    if let Some(AdditionalProperties::RefOr(more)) = object.additional_properties.as_deref_mut() {
        bound(more);
    }
}
