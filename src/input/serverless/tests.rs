//! Tests of reading configurations of the Serverless Framework.
