//! Files that are refused.

/// A file that is refused, with the places and codes of its faults.
pub(super) struct InvalidFile {
    pub(super) collection: &'static str,
    pub(super) create: bool,
    pub(super) csv: &'static [u8],
    pub(super) faults: &'static [(&'static str, &'static str)],
}

pub(super) const INVALID_FILES: &[InvalidFile] = &[
    InvalidFile {
        collection: "organisations",
        create: false,
        csv: b"slug,nam,kind\nthird,The third,ngo\n",
        faults: &[(":1: column `nam`: Unknown column `nam`. Did you mean `name`?", "unknown_column")],
    },
    InvalidFile {
        collection: "organisations",
        create: false,
        csv: b"slug,name,kind,name\nthird,The third,ngo,x\n",
        faults: &[(":1: column `name`: ", "duplicate")],
    },
    InvalidFile {
        collection: "organisations",
        create: false,
        csv: b"slug,name,kind\nthird,The third,ngo\nfourth,The fourth\nfifth,The fifth,ngo,x\nsixth,x,ngo\n",
        faults: &[
            (":3: The row has 2 cells, but the header has 3.", "malformed_row"),
            (":4: The row has 4 cells, but the header has 3.", "malformed_row"),
        ],
    },
    InvalidFile {
        collection: "utilities",
        create: false,
        csv: b"slug,name,kind,country,sectors\na,A,partner,UA,water\nb,\"B\nb\",partner,UA,water\n\
            c,C,partner,UA,water;beer\nd,D,partner,UA,\n",
        faults: &[
            (":3: column `name`: ", "invalid_format"),
            (":5: column `sectors`: ", "unknown_value"),
            (":6: column `sectors`: ", "required"),
        ],
    },
    InvalidFile {
        collection: "utilities",
        create: false,
        csv: b"slug,name,kind,country,sectors,expertise,needs\na,A,partner,UA,water,gis;pump,\n\
            b,B,partner,UA,water,pumps,gis\nc,C,partner,UA,water,,No Area\n",
        faults: &[
            (":2: column `expertise`: Unknown value `pump`. Did you mean `pumps`?", "unknown_value"),
            (":4: column `needs`: ", "invalid_format"),
        ],
    },
    InvalidFile {
        collection: "working-areas",
        create: false,
        csv: b"slug,label.de,label.en\ngis,,Geo\nnew,Neu,New\n",
        faults: &[(":2: column `label.de`: ", "required")],
    },
    InvalidFile {
        collection: "partnerships",
        create: false,
        csv: b"slug,title,participants,sectors\n\
            a,A,lead:organisation:first;partner:utility:nobody,water\nb,B,first,water\n",
        faults: &[
            (":2: column `participants`: ", "unknown_reference"),
            (":3: column `participants`: ", "invalid_format"),
        ],
    },
    InvalidFile {
        collection: "partnership-funding",
        create: false,
        csv: b"partnership,kind\nnowhere,grant\n",
        faults: &[(":2: column `partnership`: ", "not_found")],
    },
    InvalidFile {
        collection: "partnership-funding",
        create: false,
        csv: b"kind\ngrant\n",
        faults: &[(":1: column `partnership`: ", "required")],
    },
    InvalidFile {
        collection: "organisations",
        create: true,
        csv: b"slug,name,kind\nthird,The third,ngo\nfirst,Taken,ngo\nthird,Twice,ngo\n",
        faults: &[(":3: column `slug`: ", "slug_taken"), (":4: column `slug`: ", "slug_taken")],
    },
    InvalidFile {
        collection: "utilities",
        create: false,
        csv: b"slug,name,kind,country,sectors,location.latitude,location.longitude,population_served.value\n\
            a,A,partner,UA,water,49.8,24.0,many\nb,B,partner,UA,water,49.8,,5\n\
            c,C,partner,UA,water,\"49,8\",24,5\n",
        faults: &[
            (":2: column `population_served.value`: `many` is not a number.", "invalid_format"),
            (":3: column `location.longitude`: ", "required"),
            (":4: column `location.latitude`: `49,8` is not a number.", "invalid_format"),
        ],
    },
    InvalidFile {
        collection: "organisations",
        create: false,
        csv: b"slug,name,kind\nthird,Stadtwerke M\xfcnchen,ngo\nfourth,M\xc3\xbcnchen,ngo\n",
        faults: &[(":2: The line is not valid UTF-8. Save the file as UTF-8", "invalid_encoding")],
    },
    InvalidFile {
        collection: "organisations",
        create: false,
        csv: b"slug,n\xe4men,kind\nthird,x,ngo\n",
        faults: &[(":1: column `n\u{e4}men`: Unknown column `n\u{e4}men`.", "unknown_column")],
    },
];
